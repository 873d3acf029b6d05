import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { build, type Plugin } from 'esbuild'
import { readDefinitions } from '../control-plane/routing/envoy/definitions/read.ts'

const root = join(import.meta.dirname, '..')
const dist = join(root, 'dist')

/** With which Node the agent takes least; docs/footprint.md says what each brings. */
export const agentOptions = ['--max-semi-space-size=1', '--v8-pool-size=1', '--no-concurrent-recompilation'] as const
export const agentEnvironment = { MALLOC_ARENA_MAX: '1', UV_THREADPOOL_SIZE: '2' } as const

/**
 * A plane has far more to do: its young generation is small enough not to dwarf what it keeps, and does not shrink in quiet hours, or the changes
 * that come then would wait for its collection the more often. docs/benchmarks.md has the figures.
 */
export const planeOptions = ['--min-semi-space-size=4', '--max-semi-space-size=4'] as const
export const planeEnvironment = { MALLOC_ARENA_MAX: '1' } as const

/** How a program is started: what Node is given before the program's own arguments, and its environment. */
export type Shipped = { readonly program: readonly string[]; readonly env: Readonly<Record<string, string>> }

/**
 * Makes what is shipped of the agent in `dist/`: one file without types; what is needed seldom is in files of its own, read when it is
 * needed.
 */
export async function shippedAgent(): Promise<Shipped> {
  const folder = join(dist, 'agent')
  await bundle(folder, { 'heddle-agent': 'agent/main.ts' })
  return { program: [...agentOptions, join(folder, 'heddle-agent.mjs')], env: agentEnvironment }
}

/** Makes what is shipped of the plane in `dist/`, in the same way. */
export async function shippedPlane(): Promise<Shipped> {
  return asShippedPlane(join(dist, 'plane'), 'heddle-plane', 'control-plane/main.ts')
}

/** Makes of any program of ours that holds parts of the plane what would be shipped of it: for benchmarks. */
export async function asShippedPlane(folder: string, name: string, entry: string): Promise<Shipped> {
  await bundle(folder, {
    [name]: entry,
    'store-worker': 'control-plane/journal/sqlite/store-worker.ts',
    'backup-worker': 'control-plane/journal/backup/backup-worker.ts',
  })
  await writeFile(join(folder, definitionsFile), JSON.stringify(readDefinitions().toJSON()))
  return { program: [...planeOptions, join(folder, `${name}.mjs`)], env: planeEnvironment }
}

async function bundle(folder: string, entries: Readonly<Record<string, string>>): Promise<void> {
  await rm(folder, { recursive: true, force: true })
  await build({
    entryPoints: Object.fromEntries(Object.entries(entries).map(([name, entry]) => [name, join(root, entry)])),
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node26',
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    // What V8 keeps of a source is its text: shorter is lighter.
    minify: true,
    keepNames: true,
    legalComments: 'none',
    sourcemap: 'linked',
    // Packages in the older module form ask for Node's own modules by `require`.
    banner: {
      js: "import { createRequire as $createRequire } from 'node:module'; const require = $createRequire(import.meta.url);",
    },
    plugins: [placesInBundle],
    logLevel: 'warning',
  })
  await writeVersion(join(folder, '..'))
}

const definitionsFile = 'envoy-definitions.json'

/** Where a module looks for a file by its own place, the bundle has it in another. */
const places: Readonly<Record<string, (text: string) => string>> = {
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
