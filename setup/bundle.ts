import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join, relative, resolve } from 'node:path'
import { type BuildOptions, build, type Plugin } from 'esbuild'
import { readDefinitions } from '../control-plane/routing/envoy/definitions/read.ts'

const root = join(import.meta.dirname, '..')
const dist = join(root, 'dist')

/** With which Node the agent takes least; docs/footprint.md says what each brings. */
export const agentOptions = [
  '--max-semi-space-size=1',
  '--v8-pool-size=1',
  '--no-concurrent-recompilation',
  // Node's way to systemd's socket is one (docs/decisions/0018).
  '--disable-warning=ExperimentalWarning',
] as const
export const agentEnvironment = { MALLOC_ARENA_MAX: '1', UV_THREADPOOL_SIZE: '2' } as const

/**
 * A plane has far more to do: its young generation is small enough not to dwarf what it keeps, and does not shrink in quiet hours, or the changes
 * that come then would wait for its collection the more often. docs/benchmarks.md has the figures.
 */
export const planeOptions = [
  '--min-semi-space-size=4',
  '--max-semi-space-size=4',
  // Left to itself V8 marks the whole heap for each 64 MB of sockets' memory: with ten thousand agents over TLS every other second, for nothing.
  '--external-memory-accounted-in-global-limit',
  '--external-memory-max-growing-factor=2',
  '--disable-warning=ExperimentalWarning',
] as const
export const planeEnvironment = { MALLOC_ARENA_MAX: '1' } as const

/** How a program is started: what Node is given before the program's own arguments, and its environment. */
export type Shipped = { readonly program: readonly string[]; readonly env: Readonly<Record<string, string>> }

/**
 * Makes what is shipped of the agent, in `dist/` or elsewhere: one file without types; what is needed seldom is in files of its own, read when it is
 * needed. Beside the folder `<folder>.packages.json` names the npm packages that are in it, by their places.
 */
export async function shippedAgent(into = dist): Promise<Shipped> {
  const folder = join(into, 'agent')
  await bundle(folder, { 'heddle-agent': 'agent/main.ts', 'request-worker': 'agent/identity/request-worker.ts' })
  return { program: [...agentOptions, join(folder, 'heddle-agent.mjs')], env: agentEnvironment }
}

/** Makes what is shipped of the helper, which comes with the agent. */
export async function shippedHelper(into = dist): Promise<Shipped> {
  const folder = join(into, 'helper')
  await bundle(folder, { 'heddle-helper': 'agent/helper/main.ts' })
  return { program: [...agentOptions, join(folder, 'heddle-helper.mjs')], env: agentEnvironment }
}

/** Makes what installs releases of the agent, as root: one file, since its own package is exchanged while it runs. */
export async function shippedInstaller(into = dist): Promise<Shipped> {
  const folder = join(into, 'installer')
  await bundle(folder, { 'heddle-installer': 'agent/installer/main.ts' })
  return { program: [...agentOptions, join(folder, 'heddle-installer.mjs')], env: agentEnvironment }
}

/** Makes what is shipped of the plane, in the same way. */
export async function shippedPlane(into = dist): Promise<Shipped> {
  return asShippedPlane(join(into, 'plane'), 'heddle-plane', 'control-plane/main.ts')
}

/** Makes what is shipped of the command line, in the same way. */
export async function shippedCli(into = dist): Promise<Shipped> {
  const folder = join(into, 'cli')
  await bundle(folder, { heddle: 'cli/heddle.ts' })
  return { program: [join(folder, 'heddle.mjs')], env: {} }
}

/** Makes of any program of ours that holds parts of the plane what would be shipped of it: for benchmarks. */
export async function asShippedPlane(folder: string, name: string, entry: string): Promise<Shipped> {
  const entries = {
    [name]: entry,
    'store-worker': 'control-plane/journal/sqlite/store-worker.ts',
    'backup-worker': 'control-plane/journal/backup/backup-worker.ts',
  }
  await bundle(folder, entries, { minifyWhitespace: true, minifySyntax: true })
  await writeFile(join(folder, definitionsFile), JSON.stringify(readDefinitions().toJSON()))
  return { program: [...planeOptions, join(folder, `${name}.mjs`)], env: planeEnvironment }
}

/**
 * What V8 keeps of a source is its text: shorter is lighter. Names that are short in it and told apart, for stacks, cost a call for each function
 * that is made, which is nothing to an agent; a plane makes so many that it has them at length.
 */
const shortest: BuildOptions = { minify: true, keepNames: true }

async function bundle(
  folder: string,
  entries: Readonly<Record<string, string>>,
  minify: BuildOptions = shortest,
): Promise<void> {
  await rm(folder, { recursive: true, force: true })
  const { metafile } = await build({
    entryPoints: Object.fromEntries(Object.entries(entries).map(([name, entry]) => [name, join(root, entry)])),
    absWorkingDir: root,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node26',
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    ...minify,
    legalComments: 'none',
    sourcemap: 'linked',
    // Packages in the older module form ask for Node's own modules by `require`.
    banner: {
      js: "import { createRequire as $createRequire } from 'node:module'; const require = $createRequire(import.meta.url);",
    },
    // A package takes it where it finds it; here only because something for development brings it, so it is in no bill of materials.
    external: ['supports-color'],
    plugins: [placesInBundle],
    metafile: true,
    logLevel: 'warning',
  })
  await writeFile(`${folder}.packages.json`, JSON.stringify(packagesOf(Object.keys(metafile.inputs))))
  await writeVersion(join(folder, '..'))
}

/** The places of npm packages from which files come, sorted. */
function packagesOf(files: readonly string[]): readonly string[] {
  const places = files.flatMap(
    (file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(relative(root, resolve(root, file)))?.[0] ?? [],
  )
  return [...new Set(places)].sort()
}

const definitionsFile = 'envoy-definitions.json'

/** Where a module looks for a file by its own place, the bundle has it in another. */
const places: Readonly<Record<string, (text: string) => string>> = {
  'agent/identity/make-request.ts': (text) => replaced(text, "URL('./request-worker.ts'", "URL('./request-worker.mjs'"),
  // What is shipped says the version of the package that it came in.
  'cli/program.ts': (text) =>
    `import { readFileSync } from 'node:fs'\n${replaced(
      text,
      "import packageFile from '../package.json' with { type: 'json' }",
      "const packageFile = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))",
    )}`,
  'control-plane/admin/about.ts': (text) => replaced(text, "'../../package.json'", "'../package.json'"),
  'control-plane/journal/backup/open-backup.ts': (text) =>
    replaced(text, "URL('./backup-worker.ts'", "URL('./backup-worker.mjs'"),
  'control-plane/journal/open-store.ts': (text) => replaced(text, "'./sqlite/store-worker.ts'", "'./store-worker.mjs'"),
  // Read as an outcome they take a third of the time, and none of the memory that their sources leave behind.
  'control-plane/routing/envoy/definitions/read.ts': () => `
    import { readFileSync } from 'node:fs'
    import protobuf from 'protobufjs'
    export function readDefinitions() {
      const text = readFileSync(new URL('./${definitionsFile}', import.meta.url), 'utf8')
      return protobuf.Root.fromJSON(JSON.parse(text))
    }`,
}

const placesInBundle: Plugin = {
  name: 'places',
  setup({ onLoad }) {
    onLoad({ filter: /\.ts$/ }, async ({ path }) => {
      const place = places[relative(root, path)]
      return place && { contents: place(await readFile(path, 'utf8')), loader: 'ts' }
    })
  },
}

function replaced(text: string, from: string, to: string): string {
  if (!text.includes(from)) throw new Error(`${from} is no longer where the bundle replaces it`)
  return text.replace(from, to)
}

/** Programs read their version from the package beside their folder. */
async function writeVersion(above: string): Promise<void> {
  const { name, version, license } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
  await mkdir(above, { recursive: true })
  await writeFile(
    join(above, 'package.json'),
    `${JSON.stringify({ name, version, license, type: 'module' }, undefined, 2)}\n`,
  )
}
