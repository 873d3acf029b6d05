import { execFile, execFileSync } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import t from 'tap'
import { temporaryFolder } from '#test/support/folder.ts'
import { projectFolder } from '#test/support/parts.ts'
import { freePorts } from '#test/support/ports.ts'
import { startBasicServer } from '#test/support/start-basic-server.ts'
import { installedPrograms } from '#test/support/units/installed.ts'
import { NotifyReceiver } from '#test/support/units/notify-receiver.ts'
import { startUnit, unitUser } from '#test/support/units/start-unit.ts'
import { readUnit, service, spanMs } from '#test/support/units/unit-file.ts'
import { whyNoUnits } from '#test/support/units/why-no-units.ts'
import { waitFor } from '#test/support/wait.ts'

t.setTimeout(280_000)

const skip = whyNoUnits()
const systemd = join(projectFolder, 'systemd')
const units = (await readdir(systemd, { recursive: true }))
  .filter((name) => /\.(service|socket|timer|path)$/.test(name))
  .sort()

/** Newer than the systemd of Debian 12: it passes over them. */
const newer = /Unknown key '(RestartSteps|RestartMaxDelaySec)' in section \[Service\], ignoring\.$/
/** What is not installed on this machine. */
const absent =
  /(Command|Unit) .* (is not executable|not found)|Failed to .*: Unit .* not found|: No such file or directory$/

t.test('systemd understands each line of each unit', { skip }, async (t) => {
  t.ok(units.length >= 4, units.join())
  for (const name of units) {
    const said = await promisify(execFile)('systemd-analyze', ['verify', '--man=no', join(systemd, name)]).then(
      ({ stderr }) => stderr,
      ({ stderr }: { stderr: string }) => stderr,
    )
    const complaints = said.split('\n').filter((line) => line.includes(name.split('/').at(-1) ?? name))
    t.strictSame(
      complaints.filter((line) => !newer.test(line) && !absent.test(line)),
      [],
      name,
    )
  }
})

t.test(
  'an installer that is cut off is started again, and however often it was, its path goes on watching',
  async (t) => {
    const unit = await readUnit('heddle-upgrade.service')
    t.equal(service(unit, 'Restart'), 'on-failure')
    t.ok(spanMs(service(unit, 'RestartSec') ?? '') >= 10_000)
    t.strictSame(unit.get('Unit')?.get('StartLimitIntervalSec'), ['0'])
  },
)

t.test('no unit is more exposed than docs/systemd.md says', { skip }, async (t) => {
  const page = await readFile(join(projectFolder, 'docs/systemd.md'), 'utf8')
  const told = new Map(
    Array.from(page.matchAll(/^\| `([\w./-]+\.service)` \| (\d+\.\d) \|/gm), ([, name = '', score]) => [
      name,
      Number(score),
    ]),
  )
  const services = units.filter((name) => name.endsWith('.service'))
  t.strictSame([...told.keys()].sort(), services, 'each is in its table')
  t.ok((told.get('heddle-agent.service') ?? 10) <= 1.5)
  for (const name of services) {
    const said = execFileSync('systemd-analyze', ['security', '--no-pager', '--offline=true', join(systemd, name)], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    const score = Number(/Overall exposure level for .*: (\d+\.\d)/.exec(said)?.[1])
    t.equal(score, told.get(name), name)
  }
})

/** What the kernel says of a process. */
async function factsOf(pid: number): Promise<string> {
  return readFile(`/proc/${pid}/status`, 'utf8')
}

/** What this machine lets anybody have. */
const mostFiles = Number(execFileSync('sh', ['-c', 'ulimit -Hn'], { encoding: 'utf8' })) || Number.POSITIVE_INFINITY

if (skip) t.pass(skip)
else {
  await using folder = await temporaryFolder('units')
  const programs = await installedPrograms(join(folder.path, 'bin'))
  const [adminPort = 0, apiPort = 0, xdsPort = 0, inspectPort = 0] = await freePorts(4)
  await using server = await startBasicServer()
  const agentUnit = await readUnit('heddle-agent.service')
  const planeUnit = await readUnit('heddle-plane.service')
  const watchdog = { WATCHDOG_USEC: '1500000' }
  const agentYaml = JSON.stringify({
    planes: [`http://127.0.0.1:${apiPort}`],
    admin: { port: adminPort },
    discovery: { enabled: false },
    services: [{ name: 'basic-server', port: server.port }],
  })
  const planeYaml = JSON.stringify({
    api: { port: apiPort },
    routing: { xds: { port: xdsPort } },
    journal: { path: '/var/lib/heddle-plane/heddle.db' },
  })
  const startAgent = (notify: NotifyReceiver, environment: Readonly<Record<string, string>> = {}) =>
    startUnit(agentUnit, {
      folder: join(folder.path, 'agent'),
      installed: programs.agent,
      etc: { 'agent.yaml': agentYaml },
      environment: { NOTIFY_SOCKET: notify.path, ...watchdog, ...environment },
    })
  const startPlane = (notify: NotifyReceiver) =>
    startUnit(planeUnit, {
      folder: join(folder.path, 'plane'),
      installed: programs.plane,
      etc: { 'control-plane.yaml': planeYaml },
      environment: { NOTIFY_SOCKET: notify.path, ...watchdog },
    })
  /** What the plane says of the server's instance. */
  const instance = async () => {
    const response = await fetch(`http://127.0.0.1:${apiPort}/v1/instances`, { signal: AbortSignal.timeout(5_000) })
    const items = (await response.json()) as { id: string; health: string }[]
    return items.find(({ id }) => id.startsWith('basic-server-'))
  }

  await t.test(
    'the agent runs as its unit has it: nobody in particular, with nothing but its own folder',
    async (t) => {
      using notify = new NotifyReceiver(join(folder.path, 'notify-agent'))
      // The socket is of the world outside of the unit's root.
      using abstract = new NotifyReceiver(`@heddle-units-${process.pid}-a`)
      await using agent = await startAgent(abstract)
      await agent.ready('READY', 20_000, () => abstract.lines.includes('READY=1'))
      const status = await factsOf(agent.pid)
      t.match(status, new RegExp(`^Uid:\\s+${unitUser}\\s+${unitUser}\\s+${unitUser}\\s+${unitUser}$`, 'm'))
      for (const set of ['Inh', 'Prm', 'Eff', 'Bnd', 'Amb']) t.match(status, new RegExp(`^Cap${set}:\\s+0+$`, 'm'), set)
      t.match(status, /^NoNewPrivs:\s+1$/m)
      t.match(status, /^Seccomp:\s+2$/m, 'the filters of the unit')
      t.match(status, /^Umask:\s+0077$/m)
      t.match(
        await readFile(`/proc/${agent.pid}/limits`, 'utf8'),
        new RegExp(`Max open files +${service(agentUnit, 'LimitNOFILE')} `),
      )
      await abstract.wait('WATCHDOG=1', 5_000)
      await abstract.wait(/^STATUS=1 instances/, 5_000)

      const from = abstract.lines.length
      agent.signal('SIGHUP')
      await abstract.wait('RELOADING=1', 5_000, from)
      await abstract.wait(/^MONOTONIC_USEC=\d+$/, 5_000, from)
      await abstract.wait('READY=1', 5_000, from)
      t.ok(agent.running)

      const began = performance.now()
      const exit = await agent.stop()
      t.strictSame(exit, { code: 0, signal: null }, agent.output)
      t.ok(
        performance.now() - began < spanMs(service(agentUnit, 'TimeoutStopSec') ?? '') / 2,
        'long before systemd loses patience',
      )
      t.ok(abstract.lines.includes('STOPPING=1'))
      t.notOk(agent.output.includes('ExperimentalWarning'), agent.output)
      t.strictSame(notify.lines, [])
    },
  )

  await t.test('an agent whose loop hangs sends no more signs of life', async (t) => {
    using notify = new NotifyReceiver(`@heddle-units-${process.pid}-b`)
    await using agent = await startAgent(notify, { NODE_OPTIONS: `--inspect=127.0.0.1:${inspectPort}` })
    await agent.ready('READY', 20_000, () => notify.lines.includes('READY=1'))
    await notify.wait('WATCHDOG=1', 5_000, notify.lines.length)
    const socket = await inspector(inspectPort)
    socket.send(JSON.stringify({ id: 1, method: 'Runtime.evaluate', params: { expression: 'for (;;);' } }))
    await pause(1_000)
    const from = notify.lines.length
    await pause(2_500)
    t.strictSame(notify.lines.slice(from), [], 'systemd ends it after WatchdogSec and starts it anew')
    t.ok(agent.running)
    socket.close()
    await agent.kill()
  })

  await t.test('a plane and its agent that are stopped and started as units lose nothing', async (t) => {
    using notify = new NotifyReceiver(`@heddle-units-${process.pid}-c`)
    using agentNotify = new NotifyReceiver(`@heddle-units-${process.pid}-d`)
    const found = async (what: string) =>
      waitFor(() => instance().catch(() => undefined), {
        what,
        withinMs: 30_000,
        until: (seen) => seen?.health === 'passing',
      })
    let registered: string | undefined
    for (const round of ['first', 'second']) {
      const from = notify.lines.length
      await using plane = await startPlane(notify)
      await plane.ready('READY', 30_000, () => notify.lines.slice(from).includes('READY=1'))
      const status = await factsOf(plane.pid)
      t.match(status, /^CapBnd:\s+0+$/m)
      t.match(
        await readFile(`/proc/${plane.pid}/limits`, 'utf8'),
        new RegExp(`Max open files +${Math.min(65_536, mostFiles)} `),
      )
      if (round === 'second') {
        const kept = await instance()
        t.equal(kept?.id, registered, 'it is there before its agent is')
      }
      await using agent = await startAgent(agentNotify)
      const seen = await found(`the instance of the ${round} run`)
      registered ??= seen?.id
      t.equal(seen?.id, registered)
      await notify.wait(/^STATUS=1 agents/, 60_000, from)
      t.strictSame(await agent.stop(), { code: 0, signal: null }, agent.output)
      t.match(await instance(), { id: registered, health: 'passing' }, 'stopping an agent is no drain')
      const began = performance.now()
      t.strictSame(await plane.stop(), { code: 0, signal: null }, plane.output)
      t.ok(performance.now() - began < spanMs(service(planeUnit, 'TimeoutStopSec') ?? '') / 2)
      t.ok(notify.lines.slice(from).includes('STOPPING=1'))
      t.notOk(plane.output.includes('ACCESS_SOCKET_UNUSABLE'), 'root is let in by a socket in its run folder')
    }
  })

  await t.test('what a unit may not do fails there', async (t) => {
    // The agent's own program, with another thing to do: the same user, roots and filters.
    const probe = `
      import { writeFileSync } from 'node:fs'
      import { createSocket } from 'node:dgram'
      import { spawnSync } from 'node:child_process'
      const tries = {
        etc: () => writeFileSync('/etc/heddle/agent.yaml', ''), usr: () => writeFileSync('/usr/lib/heddle-agent/x', ''),
        root: () => writeFileSync('/x', ''), state: () => writeFileSync('/var/lib/heddle-agent/x', ''), tmp: () => writeFileSync('/tmp/x', ''),
        namespace: () => { const { status } = spawnSync('/usr/bin/unshare', ['--user', 'true']); if (status !== 0) throw { code: 'refused' } },
        mount: () => { const { status } = spawnSync('/usr/bin/mount', ['-t', 'tmpfs', 'x', '/tmp']); if (status !== 0) throw { code: 'refused' } },
        keys: () => { const { status } = spawnSync('/usr/bin/chroot', ['/tmp', 'true']); if (status !== 0) throw { code: 'refused' } },
      }
      const said = Object.fromEntries(Object.entries(tries).map(([name, run]) => { try { run(); return [name, 'done'] } catch ({ code }) { return [name, code] } }))
      process.stdout.write(JSON.stringify(said) + '\\n')
    `
    const unit = new Map(agentUnit)
    const exec = '/usr/lib/heddle-agent/bin/node /etc/heddle/probe.mjs'
    unit.set('Service', new Map([...(agentUnit.get('Service') ?? []), ['ExecStart', [exec]]]))
    await using run = await startUnit(unit, {
      folder: join(folder.path, 'probe'),
      installed: programs.agent,
      etc: { 'probe.mjs': probe },
    })
    await run.exited
    t.strictSame(
      JSON.parse(/^\{.*\}$/m.exec(run.output)?.[0] ?? 'null'),
      {
        ...{ etc: 'EROFS', usr: 'EROFS', root: 'EROFS', state: 'done', tmp: 'done' },
        ...{ namespace: 'refused', mount: 'refused', keys: 'refused' },
      },
      run.output,
    )
  })
}

async function inspector(port: number): Promise<WebSocket> {
  const pages = await waitFor(
    () =>
      fetch(`http://127.0.0.1:${port}/json/list`).then(
        (response) => response.json() as Promise<{ webSocketDebuggerUrl: string }[]>,
      ),
    { what: 'the inspector', withinMs: 10_000 },
  )
  const socket = new WebSocket(pages[0]?.webSocketDebuggerUrl ?? '')
  await new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve)
    socket.addEventListener('error', reject)
  })
  return socket
}
