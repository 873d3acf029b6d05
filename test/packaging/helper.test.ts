import { chmod, lstat, mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { createConnection } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { runRestart } from '#agent/orders/run-restart.ts'
import { measureOthersBy } from '#agent/privileged/measure-others.ts'
import { reloadUnit } from '#agent/privileged/reload-unit.ts'
import { restartUnit } from '#agent/privileged/restart-unit.ts'
import { helperAt } from '#shared/host/ask-helper.ts'
import { diagnosed } from '#test/support/doctor.ts'
import { temporaryFolder } from '#test/support/folder.ts'
import { projectFolder } from '#test/support/parts.ts'
import { freePort } from '#test/support/ports.ts'
import { spawnProcess } from '#test/support/process.ts'
import { installedPrograms } from '#test/support/units/installed.ts'
import { ListeningSocket } from '#test/support/units/listening-socket.ts'
import { NotifyReceiver } from '#test/support/units/notify-receiver.ts'
import { startUnit, unitUser } from '#test/support/units/start-unit.ts'
import { readUnit } from '#test/support/units/unit-file.ts'
import { whyNoUnits } from '#test/support/units/why-no-units.ts'
import { waitFor } from '#test/support/wait.ts'

t.setTimeout(200_000)
const skip = whyNoUnits()
/** Whose processes may be measured, and another one. */
const [measured, other] = [64_988, 64_989]
const never = new AbortController().signal

if (skip) t.pass(skip)
else {
  await using folder = await temporaryFolder('helper')
  await chmod(folder.path, 0o755)
  const programs = await installedPrograms(join(folder.path, 'bin'))
  const own = join(folder.path, 'unit')
  const record = join(folder.path, 'asked')
  await mkdir(record, { mode: 0o777 })
  await chmod(record, 0o777)
  // What stands for systemctl: it writes down what it was given, and takes its time where the unit is called so.
  const systemctl = join(folder.path, 'systemctl')
  await writeFile(
    systemctl,
    `#!/bin/sh\nfor each in "$@"; do echo "[$each]"; done > ${record}/last\necho "$*"\ncase "$*" in *slow*) sleep 20;; *broken*) exit 3;; esac\n`,
    { mode: 0o755 },
  )
  const yaml = JSON.stringify({
    restart: [{ unit: 'basic-server.service' }, { unit: 'slow.service', timeout: '300ms' }, { unit: 'broken.service' }],
    reload: [{ unit: 'nginx.service' }],
    measure: { users: [measured] },
    systemctl,
  })
  const unit = await readUnit('heddle-helper.service')
  using notify = new NotifyReceiver(`@heddle-helper-${process.pid}`)
  using socket = new ListeningSocket(join(folder.path, 'helper.sock'), { mode: 0o660, group: unitUser })
  await using helper = await startUnit(unit, {
    folder: own,
    installed: programs.agent,
    etc: { 'helper.yaml': yaml },
    seen: [folder.path],
    environment: { NOTIFY_SOCKET: notify.path, WATCHDOG_USEC: '3000000', LISTEN_FDS: '1' },
    sockets: [socket.descriptor],
  })
  // It is in a network of its own, so its news comes by a path.
  await helper.ready('its socket', 20_000, async () => (await ask({ verb: 'measure' })) !== undefined)

  /** One line to the socket, and what comes back, as another user. */
  async function said(line: string, { uid = unitUser, gid = unitUser } = {}): Promise<string> {
    const script = `
      const s = require('node:net').connect({ path: process.argv[1], allowHalfOpen: true })
      let text = ''
      s.on('error', ({ code }) => { process.stdout.write(code) })
      s.on('data', (chunk) => { text += chunk })
      s.on('close', () => process.stdout.write(text))
      s.on('end', () => s.destroy())
      s.write(Buffer.from(process.argv[2], 'base64'));
    `
    const args = [`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', process.execPath, '-e', script, socket.path]
    await using asker = await spawnProcess('/usr/bin/setpriv', [...args, Buffer.from(line).toString('base64')])
    await asker.exited
    return asker.output
  }
  async function ask(request: object, as?: { readonly uid: number; readonly gid: number }) {
    return JSON.parse(await said(`${JSON.stringify(request)}\n`, as))
  }

  await t.test('the helper is root without rights: those that it needs to look, and no network', async (t) => {
    const status = await readFile(`/proc/${helper.pid}/status`, 'utf8')
    t.match(status, /^Uid:\s+0\s+0/m)
    // CAP_DAC_READ_SEARCH is 2, CAP_SYS_PTRACE 19.
    t.match(status, /^CapBnd:\s+0000000000080004$/m)
    t.match(status, /^CapEff:\s+0000000000080004$/m)
    t.match(status, /^NoNewPrivs:\s+1$/m)
    t.match(status, /^Seccomp:\s+2$/m)
    const links = await readFile(`/proc/${helper.pid}/net/dev`, 'utf8')
    t.strictSame(
      Array.from(links.matchAll(/^\s*(\w+):/gm), ([, name]) => name),
      ['lo'],
    )
  })

  await t.test('the agent has listed units restarted and reloaded, as systemctl is asked', async (t) => {
    t.match(await ask({ verb: 'restart', unit: 'basic-server.service' }), { ok: true, state: 'done', code: 0 })
    t.equal(
      await readFile(join(record, 'last'), 'utf8'),
      '[--no-ask-password]\n[restart]\n[--]\n[basic-server.service]\n',
    )
    t.match(await ask({ verb: 'reload', unit: 'nginx.service' }), { ok: true, state: 'done' })
    t.match(await readFile(join(record, 'last'), 'utf8'), /\[reload\]\n\[--\]\n\[nginx.service\]/)
    t.match(await ask({ verb: 'restart', unit: 'broken.service' }), { ok: true, state: 'failed', code: 3 })
    t.match(await ask({ verb: 'restart', unit: 'slow.service' }), { ok: true, state: 'timed-out' })
  })

  await t.test('it says which one it is and what it may do, to the doctor, too', async (t) => {
    const { version } = JSON.parse(await readFile(join(projectFolder, 'package.json'), 'utf8'))
    const may = { restart: ['basic-server.service', 'slow.service', 'broken.service'], reload: ['nginx.service'] }
    t.strictSame(await ask({ verb: 'about' }), { version, ...may, measure: [measured], ok: true })
    const config = { planes: ['http://127.0.0.1:1'], admin: { enabled: false }, helper: { socket: socket.path } }
    t.match(await diagnosed(folder.path, config, 'helper'), [
      { level: 'ok', text: `version ${version}; it may restart basic-server.service, slow.service, broken.service, ` },
    ])
  })

  await t.test('what is not in the list word by word is refused, and nothing is started', async (t) => {
    const before = (await lstat(join(record, 'last'))).mtimeMs
    for (const [request, code] of [
      [{ verb: 'restart', unit: 'ssh.service' }, 'refused'],
      [{ verb: 'restart', unit: 'nginx.service' }, 'refused'],
      [{ verb: 'reload', unit: 'basic-server.service' }, 'refused'],
      [{ verb: 'restart', unit: 'basic-server' }, 'malformed'],
      [{ verb: 'restart', unit: 'basic-server.service ' }, 'malformed'],
      [{ verb: 'restart', unit: '*.service' }, 'malformed'],
      [{ verb: 'restart', unit: '../basic-server.service' }, 'malformed'],
      [{ verb: 'restart', unit: '/etc/systemd/system/x.service' }, 'malformed'],
      [{ verb: 'restart', unit: '--root=/tmp' }, 'malformed'],
      [{ verb: 'restart', unit: '-H.service' }, 'malformed'],
      [{ verb: 'restart', unit: 'basic-server.service\0x.service' }, 'malformed'],
      [{ verb: 'restart', unit: 'basic-server.service\nx.service' }, 'malformed'],
      [{ verb: 'restart', unit: ['basic-server.service'] }, 'malformed'],
      [{ verb: 'restart', unit: 'basic-server.service', systemctl: '/bin/sh' }, 'malformed'],
      [{ verb: 'restart', unit: 'basic-server.service', timeout: 1e9 }, 'malformed'],
      [{ verb: 'restart' }, 'malformed'],
      [{ verb: 'stop', unit: 'basic-server.service' }, 'unknown-verb'],
      [{ verb: 'constructor', unit: 'x' }, 'unknown-verb'],
      [{ verb: { toString: 'restart' } }, 'unknown-verb'],
      [{ verb: 'measure', pids: ['1'] }, 'malformed'],
      [{ verb: 'measure', pids: [-1] }, 'malformed'],
      [{ verb: 'measure', pids: Array.from({ length: 129 }, () => 1) }, 'malformed'],
    ] as const) {
      t.match(await ask(request), { ok: false, code }, JSON.stringify(request))
    }
    for (const line of [
      'restart basic-server.service\n',
      '[]\n',
      'null\n',
      '"restart"\n',
      '\n',
      '{"verb":"restart",\n',
      '\xff\xfe\n',
    ]) {
      t.match(JSON.parse(await said(line)), { ok: false }, JSON.stringify(line))
    }
    t.equal((await lstat(join(record, 'last'))).mtimeMs, before)
  })

  await t.test(
    'a request that is too long or never ends is not waited for, and does not keep others out',
    async (t) => {
      t.match(JSON.parse(await said(`${'x'.repeat(5_000)}\n`)), { ok: false, code: 'malformed', why: /4096 bytes/ })
      const silent = Array.from({ length: 5 }, () => createConnection(socket.path))
      t.teardown(() => silent.map((each) => each.destroy()))
      silent[0]?.write('{"verb":')
      t.match(await ask({ verb: 'reload', unit: 'nginx.service' }), { ok: true }, 'others are served meanwhile')
      const ended = silent.map((each) => new Promise((resolve) => each.resume().once('close', resolve)))
      await waitFor(async () => Promise.all(ended).then(() => true), {
        what: 'the silent ones to be closed',
        withinMs: 15_000,
      })
    },
  )

  await t.test('only the group of the agent, and root, come to the socket', async (t) => {
    t.equal(await said('{"verb":"measure"}\n', { uid: measured, gid: measured }), 'EACCES')
    t.match(await ask({ verb: 'measure' }, { uid: measured, gid: unitUser }), { ok: true })
  })

  await t.test('processes of listed users are measured, those of others are not even there', async (t) => {
    const ports = new Map<number, number>()
    const servers: number[] = []
    for (const uid of [measured, other]) {
      const port = await freePort()
      const script = `require('node:net').createServer().listen(${port}, '127.0.0.1'); for (let i = 0, e = Date.now() + 300; Date.now() < e; i++);`
      const running = await spawnProcess('/usr/bin/setpriv', [
        `--reuid=${uid}`,
        `--regid=${uid}`,
        '--clear-groups',
        process.execPath,
        '-e',
        script,
      ])
      t.teardown(() => running.kill())
      await running.ready('its port', 10_000, async () =>
        (await readFile('/proc/net/tcp', 'utf8')).includes(`:${port.toString(16).toUpperCase().padStart(4, '0')} `),
      )
      ports.set(uid, port)
      servers.push(running.pid)
    }
    const both = await ask({ verb: 'measure', pids: [...servers, process.pid, 1] })
    t.match(both, { ok: true, processes: [{ pid: servers[0] }] })
    t.equal(both.processes.length, 1)
    const [process_] = both.processes
    t.ok(
      process_.files > 3 && process_.memory > 1_000_000 && process_.threads > 0 && process_.ticks > 5,
      JSON.stringify(process_),
    )

    // The meter of an agent that sees nothing of others: what this user could read is left to the helper.
    const measure = measureOthersBy(helperAt(socket.path), never)
    const inode = await inodeOf(ports.get(measured) ?? 0)
    const found = await measure({ sockets: [inode] })
    t.match(found, [{ pid: servers[0], sockets: [inode] }])
    t.strictSame(await measure({ sockets: [await inodeOf(ports.get(other) ?? 0)] }), [])
    // An agent of that user sees nothing of what they hold open by itself.
    const meter = (path: string) => `
      import { ProcessMeter } from '${join(projectFolder, 'agent/metrics/read-process.ts')}'
      import { helperAt } from '${join(projectFolder, 'shared/host/ask-helper.ts')}'
      import { measureOthersBy } from '${join(projectFolder, 'agent/privileged/measure-others.ts')}'
      const meter = new ProcessMeter(measureOthersBy(helperAt('${path}'), new AbortController().signal))
      const found = await meter.measure([{ id: 'listed', port: ${ports.get(measured)} }, { id: 'other', port: ${ports.get(other)} }])
      process.stdout.write('told ' + found.map(({ instance, name }) => instance + ':' + name).join() + '.\\n')
    `
    for (const [path, told] of [
      [socket.path, ['memory', 'files', 'threads', 'restarts'].map((name) => `listed:process_${name}`).join()],
      [join(folder.path, 'nothing.sock'), ''],
    ] as const) {
      const as = [`--reuid=${unitUser}`, `--regid=${unitUser}`, '--clear-groups']
      const script = ['--input-type=module', '-e', meter(path)]
      await using agent = await spawnProcess('/usr/bin/setpriv', [...as, process.execPath, ...script])
      await agent.exited
      t.match(agent.output, `told ${told}.`)
    }
  })

  await t.test('orders and gateways use it, and do as before where there is none', async (t) => {
    const at = helperAt(socket.path)
    const restart = (unit: string, timeout = 5_000) =>
      runRestart({ name: 'x', unit, timeout }, '/bin/false', never, (...asked) => restartUnit(at, ...asked))
    t.match(await restart('basic-server.service'), {
      state: 'done',
      code: 0,
      output: /restart -- basic-server.service/,
    })
    t.match(await restart('ssh.service'), { state: 'failed', why: /not in the list/ })
    t.match(await restart('broken.service'), { state: 'failed', code: 3 })
    const none = helperAt(join(folder.path, 'nothing.sock'))
    t.match(
      await runRestart({ name: 'x', unit: 'basic-server.service', timeout: 5_000 }, '/bin/false', never, (...asked) =>
        restartUnit(none, ...asked),
      ),
      { state: 'failed', code: 1 },
      'systemctl is asked directly',
    )
    t.equal(await reloadUnit(at, 'nginx.service', never), true)
    t.equal(await reloadUnit(none, 'nginx.service', never), false)
    await t.rejects(reloadUnit(at, 'ssh.service', never), { code: 'HELPER_REFUSED', message: /not in the list/ })
  })

  await t.test('each request is in the log, with what was asked and what became of it', async (t) => {
    t.match(helper.output, /"verb":"restart","asked":\{"unit":"basic-server.service"\},"state":"done"/)
    t.match(helper.output, /"verb":"restart","asked":\{"unit":"ssh.service"\},"code":"refused"/)
    t.notOk(helper.output.includes('ExperimentalWarning'))
  })

  await t.test('it ends in good order', async (t) => {
    t.strictSame(await helper.stop(), { code: 0, signal: null }, helper.output)
  })

  await t.test('a list that others could have written is not believed', async (t) => {
    const { readList } = await import('#agent/helper/read-list.ts')
    const place = join(folder.path, 'lists')
    await mkdir(place, { mode: 0o755 })
    const file = join(place, 'helper.yaml')
    await writeFile(file, yaml, { mode: 0o644 })
    t.match(await readList(file), { measure: { users: [measured] } })
    await chmod(file, 0o664)
    await t.rejects(readList(file), { code: 'HELPER_LIST', message: /others than its owner/ })
    await chmod(file, 0o644)
    await symlink(file, join(place, 'link.yaml'))
    await t.rejects(readList(join(place, 'link.yaml')), { code: 'HELPER_LIST', message: /link/ })
    await symlink(place, join(folder.path, 'lists-link'))
    await t.rejects(readList(join(folder.path, 'lists-link', 'helper.yaml')), { code: 'HELPER_LIST', message: /link/ })
    await chmod(place, 0o777)
    await t.rejects(readList(file), { code: 'HELPER_LIST', message: /may write in it/ })
    await chmod(place, 0o755)
    await t.rejects(
      readList(file, 12_345).then(() => {
        throw new Error('read')
      }),
      { message: 'read' },
      "root's word counts for everybody",
    )
    await writeFile(file, 'restart: [{ unit: "../x" }]\nmore: 1\n')
    await t.rejects(readList(file), { code: 'CONFIG_INVALID' })
    await t.rejects(readList(join(place, 'nothing.yaml')), { code: 'CONFIG_UNREADABLE' })
  })
}

/** The socket that listens on a port, by its inode. */
async function inodeOf(port: number): Promise<number> {
  const hex = `:${port.toString(16).toUpperCase().padStart(4, '0')} `
  const line = (await readFile('/proc/net/tcp', 'utf8'))
    .split('\n')
    .find((each) => each.includes(hex) && each.includes(' 0A '))
  return Number(line?.trim().split(/\s+/)[9])
}
