import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { reasonText } from '#shared/protocol/reason.ts'
import { temporaryFolder } from '#test/support/folder.ts'
import { waitFor } from '#test/support/wait.ts'
import type { CheckSpec } from './host-spec.ts'
import { Lag } from './lag.ts'
import { lookOf } from './look.ts'
import { runCommand } from './run-command.ts'

const never = new AbortController().signal
const asking = { lag: new Lag(), stop: never, onHang() {} }

async function look(spec: CheckSpec, stop = never) {
  const { verdict, decisive, said, tookMs } = await lookOf(spec, { ...asking, stop })(false)
  return { says: `${verdict.health} ${reasonText(verdict.reason)}`, decisive, said, tookMs }
}

const command = (...run: readonly string[]) => ({ kind: 'command', command: 'x', run, timeoutMs: 10_000 }) as const
const shell = (script: string) => command('/bin/sh', '-c', script)
const process_ = (more: object) => ({ kind: 'process', port: 1, timeoutMs: 5_000, ...more }) as const

for (const { what, spec, gives, says } of [
  { what: 'ends well', spec: shell('exit 0'), gives: 'passing ok', says: undefined },
  {
    what: 'warns',
    spec: shell('echo; echo "DISK WARNING 91%"; exit 1'),
    gives: 'warning exit_status status=1',
    says: 'DISK WARNING #%',
  },
  { what: 'fails', spec: shell('echo broken >&2; exit 2'), gives: 'critical exit_status status=2', says: 'broken' },
  { what: 'does not know', spec: shell('exit 3'), gives: 'critical exit_status status=3', says: undefined },
  { what: 'is killed', spec: shell('kill -SEGV $$'), gives: 'critical exit_status status=SIGSEGV', says: undefined },
  {
    what: 'is not there',
    spec: command('/no/such/program'),
    gives: 'critical not_started error=ENOENT',
    says: undefined,
  },
  { what: 'is no program', spec: command('/etc/passwd'), gives: 'critical not_started error=EACCES', says: undefined },
  {
    what: 'has an impossible argument',
    spec: command('/bin/true', 'a\0b'),
    gives: 'critical not_started error=ERR_INVALID_ARG_VALUE',
    says: undefined,
  },
  {
    what: 'is not allowed',
    spec: { ...command(), run: undefined },
    gives: 'unknown not_started error=not allowed here',
    says: undefined,
  },
]) {
  t.test(`a command that ${what} has its verdict`, async (t) => {
    const found = await look(spec)
    t.equal(found.says, gives)
    t.equal(found.said, says)
    t.notOk(found.decisive, 'fall counts')
  })
}

t.test('no shell reads the arguments', async (t) => {
  t.equal((await look(command('/bin/echo', '$HOME; exit 2', '`id`'))).said, '$HOME; exit # `id`')
})

t.test('a command gets nothing of the environment that may be secret', async (t) => {
  process.env.HEDDLE_TEST_SECRET = 'x'
  t.teardown(() => {
    delete process.env.HEDDLE_TEST_SECRET
  })
  t.equal((await look(shell('test -z "$HEDDLE_TEST_SECRET" && test -n "$PATH"'))).says, 'passing ok')
})

t.test('a command that writes without end is read to its bound and does not block', async (t) => {
  const found = await look(shell('head -c 3000000 /dev/zero | tr "\\0" x; exit 0'))
  t.equal(found.says, 'passing ok')
  t.equal(found.said?.length, 200)
  const ended = await runCommand(['/bin/sh', '-c', 'head -c 100000 /dev/zero | tr "\\0" x'], 10_000, never)
  t.strictSame(ended, { kind: 'ended', code: 0, output: 'x'.repeat(4096) })
})

t.test('at the timeout a command is killed with all that it started', async (t) => {
  await using folder = await temporaryFolder('command')
  const pids = join(folder.path, 'pids')
  const script = `sleep 600 & echo $! >${pids}; echo $$ >>${pids}; wait`
  const found = await look({ ...shell(script), timeoutMs: 3_000 })
  t.equal(found.says, 'critical timeout')
  await allGone(await pidsIn(pids))
})

t.test('what a command leaves behind ends with it', async (t) => {
  await using folder = await temporaryFolder('command')
  const pids = join(folder.path, 'pids')
  const found = await look(shell(`sleep 600 & echo $! >${pids}; echo left; exit 0`))
  t.equal(found.says, 'passing ok')
  t.equal(found.said, 'left')
  await allGone(await pidsIn(pids))
})

t.test('a command that is given up is killed and says nothing', async (t) => {
  await using folder = await temporaryFolder('command')
  const pids = join(folder.path, 'pids')
  const stop = new AbortController()
  const running = look(shell(`echo $$ >${pids}; exec sleep 600`), stop.signal)
  await waitFor(() => pidsIn(pids), { what: 'its start', withinMs: 10_000, until: (found) => found.length === 1 })
  stop.abort()
  t.equal((await running).says, 'unknown no_verdict')
  await allGone(await pidsIn(pids))
  t.equal((await look(shell('exit 2'), stop.signal)).says, 'unknown no_verdict')
})

async function pidsIn(file: string): Promise<readonly number[]> {
  return (await readFile(file, 'utf8')).trim().split('\n').filter(Boolean).map(Number)
}

async function allGone(pids: readonly number[]): Promise<void> {
  const isGone = async (pid: number) => {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ') X')
    return /\) [ZX]/.test(stat)
  }
  await waitFor(async () => (await Promise.all(pids.map(isGone))).every(Boolean), { what: 'its end', withinMs: 10_000 })
}

t.test('a process is found by its name, its pid file and both, and its end leaves no doubt', async (t) => {
  await using folder = await temporaryFolder('process')
  const pidFile = join(folder.path, 'pid')
  // Linux keeps 15 bytes of a name.
  const name = `heddle-${process.pid}-sleeper`
  const program = join(folder.path, name)
  await writeFile(program, await readFile('/bin/sleep'))
  await chmod(program, 0o755)
  const child = spawn(program, ['600'])
  t.teardown(() => child.kill('SIGKILL'))
  await writeFile(pidFile, `${child.pid}\n`)

  const specs = [process_({ name }), process_({ pidFile }), process_({ pidFile, name })]
  const looks = specs.map((spec) => lookOf(spec, asking))
  const all = async () =>
    Promise.all(
      looks.map(async (look) => {
        const { verdict, decisive } = await look(false)
        return `${verdict.health} ${reasonText(verdict.reason)} ${decisive}`
      }),
    )
  await waitFor(all, {
    what: 'its start',
    withinMs: 10_000,
    until: (said) => said.every((line) => line === 'passing ok false'),
  })
  t.match(await look(process_({ pidFile, name: 'other' })), { says: /^critical not_running/, decisive: true })

  child.kill('SIGSTOP')
  await waitFor(all, {
    what: 'its rest',
    withinMs: 10_000,
    until: (said) => said.every((line) => line === 'warning body_status word=stopped false'),
  })
  const ended = once(child, 'exit')
  child.kill('SIGKILL')
  await ended
  t.strictSame(await all(), [
    `critical not_running what=process ${name} true`,
    `critical not_running what=pid file ${pidFile} true`,
    `critical not_running what=pid file ${pidFile}, process ${name} true`,
  ])
})

t.test('a pid file that is not there, or holds no number, is a process that is not there', async (t) => {
  await using folder = await temporaryFolder('process')
  const pidFile = join(folder.path, 'pid')
  t.match((await look(process_({ pidFile }))).says, /^critical not_running/)
  for (const text of ['', 'x', '-1', '../1', '99999999999', '1'.repeat(1_000)]) {
    await writeFile(pidFile, text)
    t.match((await look(process_({ pidFile }))).says, /^critical not_running/, text)
  }
})

t.test('without a name it is whoever listens on the port', async (t) => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : 0
  t.equal((await look(process_({ port }))).says, 'passing ok')
  server.close()
  await once(server, 'close')
  t.match(await look(process_({ port })), {
    says: `critical not_running what=listener on port ${port}`,
    decisive: true,
  })
})

t.test('a unit is as systemd says, and where there is none nothing is learned', async (t) => {
  await using folder = await temporaryFolder('systemd')
  const before = process.env.PATH
  t.teardown(() => {
    process.env.PATH = before
  })
  process.env.PATH = `${folder.path}:/usr/bin:/bin`
  const says = async (script: string) => {
    await writeFile(join(folder.path, 'systemctl'), `#!/bin/sh\n${script}\n`)
    await chmod(join(folder.path, 'systemctl'), 0o755)
    return look(process_({ unit: 'crm.service' }))
  }
  t.match(await says('test "$*" = "show --property=ActiveState -- crm.service" && echo ActiveState=active'), {
    says: 'passing ok',
  })
  t.match(await says('echo ActiveState=activating'), { says: 'warning body_status word=activating' })
  const failed = { says: 'critical not_running what=unit crm.service', decisive: true }
  t.match(await says('echo ActiveState=failed'), failed)
  t.match(await says('echo ActiveState=inactive'), failed)
  t.match(await says('echo'), { says: 'unknown no_verdict' })
  t.match(await says('exit 1'), { says: 'unknown not_started error=systemctl ended' })
  process.env.PATH = folder.path
  t.match((await says('exec /no/such')).says, /^unknown not_started/)
})
