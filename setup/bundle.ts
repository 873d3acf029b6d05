import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { build } from 'esbuild'

const root = join(import.meta.dirname, '..')
const dist = join(root, 'dist')

/** With which Node the agent takes least; docs/footprint.md says what each brings. */
export const agentOptions = ['--max-semi-space-size=1', '--v8-pool-size=1', '--no-concurrent-recompilation'] as const
export const agentEnvironment = { MALLOC_ARENA_MAX: '1', UV_THREADPOOL_SIZE: '2' } as const

/**
 * Makes what is shipped of the agent in `dist/`: one file without types; what is needed seldom is in files of its own, read when it is
 * needed. Answers with how it is started: what Node is given before the configuration, and its environment.
 */
export async function shippedAgent(): Promise<{
  readonly program: readonly string[]
  readonly env: Readonly<Record<string, string>>
}> {
  const folder = join(dist, 'agent')
  await rm(folder, { recursive: true, force: true })
  await build({
    entryPoints: { 'heddle-agent': join(root, 'agent/main.ts') },
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
    logLevel: 'warning',
  })
  await writeVersion()
  return { program: [...agentOptions, join(folder, 'heddle-agent.mjs')], env: agentEnvironment }
}

/** The agent reads its version from the package beside its folder. */
async function writeVersion(): Promise<void> {
  const { name, version, license } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
  await mkdir(dist, { recursive: true })
  await writeFile(
    join(dist, 'package.json'),
    `${JSON.stringify({ name, version, license, type: 'module' }, undefined, 2)}\n`,
  )
}
