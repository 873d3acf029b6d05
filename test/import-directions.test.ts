import { execFile } from 'node:child_process'
import { cp, mkdir, writeFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import t from 'tap'
import { temporaryFolder } from './support/folder.ts'
import { projectFolder } from './support/parts.ts'

// main → api → features → {fleet, consul} → shared; agent → shared; cli → shared, and the reader of the declaration.
const forbidden: readonly (readonly [file: string, imported: string])[] = [
  ['shared/a.ts', '#agent/x.ts'],
  ['shared/config/a.ts', '../../control-plane/fleet/x.ts'],
  ['agent/a.ts', '#control-plane/fleet/x.ts'],
  ['agent/checks/a.ts', '../../cli/x.ts'],
  ['agent/checks/b.ts', '#test/support/wait.ts'],
  ['cli/a.ts', '#agent/x.ts'],
  ['cli/b.ts', '../control-plane/x.ts'],
  ['cli/c.ts', '#control-plane/routing/start.ts'],
  ['control-plane/main.ts', '#agent/x.ts'],
  ['control-plane/api/a.ts', '../main.ts'],
  ['control-plane/api/b.ts', '#cli/x.ts'],
  ['control-plane/api/c.ts', '../plane/truth.ts'],
  ['control-plane/mirror/d.ts', '#control-plane/plane/sinks.ts'],
  ['control-plane/plane/a.ts', '#agent/x.ts'],
  ['control-plane/admin/a.ts', '../timetable.ts'],
  ['control-plane/fleet/a.ts', '../mirror/x.ts'],
  ['control-plane/fleet/b.ts', '#control-plane/routing/x.ts'],
  ['control-plane/fleet/c.ts', '../consul/x.ts'],
  ['control-plane/consul/a.ts', '../fleet/x.ts'],
  ['control-plane/consul/b.ts', '../api/x.ts'],
  ['control-plane/kubernetes/a.ts', '../fleet/x.ts'],
  ['control-plane/kubernetes/b.ts', '../ingest/kubernetes/x.ts'],
  ['control-plane/ingest/agents/a.ts', '../../journal/x.ts'],
  ['control-plane/ingest/agents/b.ts', '../../../agent/x.ts'],
  ['control-plane/journal/a.ts', '../ingest/x.ts'],
  ['control-plane/journal/b.ts', '../leadership/x.ts'],
  ['control-plane/leadership/a.ts', '../journal/x.ts'],
  ['control-plane/identity/a.ts', '../journal/x.ts'],
  ['control-plane/replicas/a.ts', '../journal/x.ts'],
  ['control-plane/mirror/a.ts', '../../control-plane/journal/x.ts'],
  ['control-plane/mirror/deep/b.ts', '../../main.ts'],
  ['control-plane/routing/envoy/a.ts', '#control-plane/mirror/x.ts'],
  ['control-plane/foreign/a.ts', '../mirror/x.ts'],
  ['control-plane/foreign/lint/b.ts', '../../ingest/x.ts'],
  ['control-plane/mirror/c.ts', '../foreign/x.ts'],
  ['control-plane/federation/a.ts', '../routing/x.ts'],
  ['control-plane/routing/table/b.ts', '../../federation/x.ts'],
]
const allowed: typeof forbidden = [
  ['agent/ok.ts', '#shared/failure/failure.ts'],
  ['cli/ok.ts', '#control-plane/routing/declaration/parse.ts'],
  ['agent/ok.test.ts', '#test/support/wait.ts'],
  ['control-plane/timetable.ts', './mirror/x.ts'],
  ['control-plane/plane/ok.ts', '../journal/x.ts'],
  ['control-plane/api/ok.ts', '../mirror/x.ts'],
  ['control-plane/federation/ok.ts', '../fleet/x.ts'],
  ['control-plane/mirror/ok.ts', '../consul/x.ts'],
  ['control-plane/identity/ok.ts', '../fleet/x.ts'],
  ['control-plane/ingest/agents/ok.ts', '../../fleet/x.ts'],
  ['control-plane/routing/ok.ts', '#shared/config/read.ts'],
  ['control-plane/routing/envoy/ok.ts', '../config.ts'],
  ['control-plane/fleet/ok.test.ts', '#test/support/wait.ts'],
]

await t.test('the linter refuses each import against the direction, and no other', async (t) => {
  await using folder = await temporaryFolder('lint')
  await cp(join(projectFolder, 'biome.json'), join(folder.path, 'biome.json'))
  for (const [file, imported] of [...forbidden, ...allowed]) {
    await mkdir(dirname(join(folder.path, file)), { recursive: true })
    await writeFile(join(folder.path, file), `import '${imported}'\n`)
  }
  const refused = await refusedFiles(folder.path)
  for (const [file, imported] of forbidden) t.ok(refused.has(file), `${file} may not import ${imported}`)
  for (const [file, imported] of allowed) t.notOk(refused.has(file), `${file} may import ${imported}`)
})

async function refusedFiles(folder: string): Promise<ReadonlySet<string>> {
  const biome = join(projectFolder, 'node_modules/.bin/biome')
  const options = [
    '--vcs-enabled=false',
    '--reporter=github',
    '--max-diagnostics=none',
    '--only=style/noRestrictedImports',
  ]
  const output = await new Promise<string>((resolve) => {
    execFile(process.execPath, [biome, 'lint', ...options, '.'], { cwd: folder }, (_, stdout) => resolve(stdout))
  })
  return new Set(Array.from(output.matchAll(/file=([^,]+),/g), ([, file = '']) => relative(folder, file)))
}
