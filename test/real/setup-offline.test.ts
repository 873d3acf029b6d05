import { existsSync } from 'node:fs'
import { cp, readdir } from 'node:fs/promises'
import { devNull } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { temporaryFolder } from '#test/support/folder.ts'
import { onPath } from '#test/support/on-path.ts'
import { projectFolder } from '#test/support/parts.ts'
import { type RunningProcess, spawnProcess } from '#test/support/process.ts'
import { postgresqlPrograms } from '#test/support/store/postgresql.ts'

t.setTimeout(120_000)

const parts = [
  { part: 'envoy', title: 'Envoy', program: 'envoy' },
  { part: 'consul', title: 'Consul', program: 'consul' },
  { part: 'nginx', title: 'Nginx', program: 'nginx' },
  { part: 'postgresql', title: 'PostgreSQL', program: 'postgres' },
  { part: 'pgbouncer', title: 'PgBouncer', program: 'pgbouncer' },
]

/** Runs a program that has no network at all, not even loopback. */
function offline(program: string, args: readonly string[], cwd: string): Promise<RunningProcess> {
  // Wheels that a machine keeps for pip need no network.
  const pip = Object.keys(process.env).filter((name) => name.startsWith('PIP_'))
  const env = { ...Object.fromEntries(pip.map((name) => [name, undefined])), PIP_CONFIG_FILE: devNull }
  return spawnProcess('unshare', ['--map-root-user', '--net', program, ...args], { name: 'setup', cwd, env })
}

/** Why the set-up cannot be tried without network here; undefined: it can. */
async function whyNot(): Promise<string | undefined> {
  if ((await onPath('apt-get')) === undefined) return 'what it says here depends on apt'
  try {
    await using tried = await offline('true', [], projectFolder)
    return (await tried.exited).code === 0 ? undefined : 'this user may make no network of its own'
  } catch {
    return 'a network of its own needs unshare'
  }
}

const skip = await whyNot()

await t.test(
  'without network the set-up names each missing part and what gives it',
  { skip: skip ?? false },
  async (t) => {
    await using folder = await temporaryFolder('offline')
    for (const name of ['setup.mjs', 'setup', 'package.json']) {
      await cp(join(projectFolder, name), join(folder.path, name), { recursive: true })
    }
    const own = new Set<string>()
    for (const { part, program } of parts) if ((await onPath(program)) !== undefined) own.add(part)
    if ((await postgresqlPrograms()) !== undefined) own.add('postgresql')
    const wanted = parts.filter(({ part }) => !own.has(part)).flatMap(({ part }) => ['--only', part])
    // Without --only it would install packages too.
    if (wanted.length === 0) {
      t.pass('this machine has all of it itself')
      return
    }
    await using setup = await offline(process.execPath, ['setup.mjs', ...wanted], folder.path)
    t.strictSame(await setup.exited, { code: 1, signal: null })
    for (const { part, title, program } of parts) {
      await t.test(title, { skip: own.has(part) ? `this machine has its own ${part}` : false }, async (t) => {
        const said = setup.output.split('\n\n').find((text) => text.startsWith(title) && text.includes(' is missing: '))
        t.match(said, new RegExp(`^${title} \\S+ is missing: \\S.*\\.\n`))
        t.match(said, /\n {2}Remedy: \S.*, then: npm run setup\n/)
        t.match(said, new RegExp(`\n  Or: put ${program} .* on PATH \\(.+\\), then: npm run setup\n`))
        t.match(said, `\n  Or: copy .parts/${part} from a checkout that is set up to here, then: npm run setup`)
      })
    }
    t.notMatch(setup.output, /\n +at .*\.mjs/, 'no stack')
    t.strictSame(await readdir(join(folder.path, '.parts')), [], 'nothing half made is left')
  },
)

await t.test('what was copied from a checkout that is set up needs no network', { skip: skip ?? false }, async (t) => {
  await using folder = await temporaryFolder('copied')
  for (const name of ['setup.mjs', 'setup', 'package.json']) {
    await cp(join(projectFolder, name), join(folder.path, name), { recursive: true })
  }
  const made = join(projectFolder, '.parts/consul')
  if (!existsSync(join(made, '.program')) || (await onPath('consul')) !== undefined) {
    t.pass('this checkout uses the Consul of its machine')
    return
  }
  await cp(made, join(folder.path, '.parts/consul'), { recursive: true })
  await using setup = await offline(process.execPath, ['setup.mjs', '--only', 'consul'], folder.path)
  t.strictSame(await setup.exited, { code: 0, signal: null })
  t.match(setup.output, /Ready: Consul 1\./)
})
