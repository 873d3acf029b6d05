import { randomBytes } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import t from 'tap'
import { whyNoContainers } from '#test/support/container/container.ts'
import { ImageRoots } from '#test/support/container/image-roots.ts'
import { temporaryFolder } from '#test/support/folder.ts'
import { Helm, noHelm, podOf } from '#test/support/kubernetes/helm.ts'
import { podUser } from '#test/support/kubernetes/mounted-files.ts'
import type { KubeObject } from '#test/support/kubernetes/objects.ts'
import { PodProcess, type Surroundings } from '#test/support/kubernetes/pod-process.ts'
import { Network, whyNoNetwork } from '#test/support/network.ts'
import { projectFolder } from '#test/support/parts.ts'
import { PostgresqlServer, postgresqlPrograms } from '#test/support/store/postgresql.ts'
import { waitFor } from '#test/support/wait.ts'

const programs = await postgresqlPrograms()
const skip =
  noHelm() || whyNoContainers() || ((await whyNoNetwork()) ?? (programs === undefined && 'there is no PostgreSQL'))
const node = process.execPath
const plane = 'one-heddle-control-plane'

t.setTimeout(600_000)

t.test("the Pods' own commands on the images' own files", { skip, timeout: 600_000 }, async (t) => {
  await using helm = await Helm.open()
  await using images = await ImageRoots.lay()
  await using folder = await temporaryFolder('chart-pods')
  await using network = await Network.open(['plane-0', 'plane-1', 'crm', 'db', 'client'])
  await using database = await PostgresqlServer.create(programs ?? '')
  await database.start([`unix_socket_directories=${database.folder}`])
  await database.query('create database heddle')
  // PostgreSQL knows only this machine's loopback; on the Pods' network this stands for it.
  const socket = join(database.folder, `.s.PGSQL.${database.port}`)
  const relay = `require('node:net').createServer((c) => { const s = require('node:net').connect('${socket}'); c.pipe(s).pipe(c); c.on('error', () => s.destroy()); s.on('error', () => c.destroy()) }).listen(5432)`
  await using _relay = await network.spawn('db', node, ['-e', relay])

  const secret = (name: string, data: Readonly<Record<string, string>>): KubeObject => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name },
    stringData: data,
  })
  const own = [
    secret('heddle-database', { password: 'secret' }),
    secret('heddle-installation', { 'heddle-secret': randomBytes(32).toString('base64url') }),
  ]
  const values = {
    controlPlane: {
      replicas: 2,
      installationSecret: { existingSecret: 'heddle-installation' },
      postgresql: { host: 'db.example.com', user: 'postgres', existingSecret: 'heddle-database', tls: 'off' },
      declaration: {
        'routes.yaml':
          'gateways: { edge: { proxy: envoy, listeners: [{ port: 8080 }] } }\nroutes: [{ path: /api/, service: crm }]\n',
      },
    },
    agent: {
      enrolment: { existingSecret: 'heddle-enrolment' },
      sidecars: { crm: { services: [{ name: 'crm', port: 8080 }], discovery: { enabled: false } } },
    },
  }
  const domain = `${plane}-headless.heddle.svc.cluster.local`
  const surroundings = (objects: readonly KubeObject[]): Surroundings => ({
    objects: [...objects, ...own],
    kept: (name) => join(folder.path, name.replaceAll('/', '_')),
    images,
    network,
    names: [
      `${network.addressOf('db')} db.example.com`,
      ...[0, 1].map((index) => `${network.addressOf(`plane-${index}`)} ${plane}-${index}.${domain} ${plane}-${index}`),
    ],
  })
  const render = (more: object = {}) => helm.objects({ ...values, ...more }, { release: 'one' })
  const startPlane = (objects: readonly KubeObject[], index: number) => {
    const set = objects.find(({ kind }) => kind === 'StatefulSet')
    const pod = set && podOf(set)
    if (!pod) throw new Error('no planes')
    return PodProcess.start(numbered(pod, index), `plane-${index}`, surroundings(objects))
  }

  const objects = await render()
  await using planes = new AsyncDisposableStack()
  const running = await Promise.all([0, 1].map((index) => startPlane(objects, index)))
  for (const each of running) planes.use(each)

  await t.test('planes start, unprivileged on files that nobody may write, and their probes pass', async (t) => {
    for (const each of running) {
      await each.passes('plane', 'startupProbe')
      t.ok(await each.probe('plane', 'readinessProbe'))
      t.ok(await each.probe('plane', 'livenessProbe'))
      const { output } = await each.container('plane').exec(['/usr/bin/node', '-p', 'process.getuid()'])
      t.equal(output.trim(), String(podUser))
      const written = await each
        .container('plane')
        .exec(['/usr/bin/node', '-e', 'fs.writeFileSync("/etc/heddle/x", "")'])
      t.match(written.output, /EROFS/)
    }
  })

  // What the notes of the chart say is to be done first, by the same words.
  const [first, other] = running
  if (!first || !other) throw new Error('two planes')
  const said = async (path: string) => {
    for (const each of running) {
      const { code, output } = await each
        .container('plane')
        .exec(['/usr/bin/node', '-p', `fs.readFileSync(${JSON.stringify(path)}, "utf8")`])
      if (code === 0) return output.trim()
    }
    throw new Error(`no plane has ${path}`)
  }
  const ca = join(folder.path, 'heddle-ca.pem')
  await writeFile(ca, await said('/var/lib/heddle-plane/heddle-ca.pem'))
  const keep = async (name: string, text: string) => {
    await writeFile(join(folder.path, name), text, { mode: 0o600 })
    return join(folder.path, name)
  }
  const firstToken = await keep('first-token', await said('/var/lib/heddle-plane/heddle.db-first-token'))
  const heddle = async (token: string, ...args: readonly string[]) => {
    const all = [join(projectFolder, 'cli/heddle.ts'), '--plane', `https://${network.addressOf('plane-0')}:8888`]
    const known = ['--ca', ca, '--token-file', token]
    // More than what is kept of a process's output.
    const into = ['-c', 'exec "$@" > "$0"', join(folder.path, 'out'), node]
    await using command = await network.spawn('client', 'bash', [...into, ...all, ...known, ...args])
    const { code } = await command.exited
    return { code, err: command.output, output: await readFile(join(folder.path, 'out'), 'utf8') }
  }
  const me = join(folder.path, 'me')
  const made = await heddle(firstToken, 'token', 'create', 'me', '--role', 'admin', '--out', me, '--reason', 'first')
  t.equal(made.code, 0, made.err)
  own.push(secret('heddle-enrolment', { token: await said('/var/lib/heddle-plane/enrolment-token') }))

  const server = [
    join(projectFolder, 'test/support/basic-server.ts'),
    '--name',
    'crm',
    '--instance',
    'crm',
    '--port',
    '8080',
  ]
  await using _server = await network.spawn('crm', node, [...server, '--host', '0.0.0.0'])
  await using agent = await PodProcess.start(await sidecarPod(), 'crm', surroundings(objects))

  type Instance = { readonly id: string; readonly service: string; readonly routable: unknown }
  const instances = async () => {
    const { code, err, output } = await heddle(me, '--json', 'instances')
    if (code !== 0) throw new Error(err)
    return JSON.parse(output) as readonly Instance[]
  }

  await t.test(
    'an agent beside a server is let in by its token, finds the planes and has the server routed',
    async (t) => {
      await agent.passes('heddle-agent', 'startupProbe')
      const until = (all: readonly Instance[]) => all.some(({ service }) => service === 'crm')
      const seen = await waitFor(instances, { what: 'crm', withinMs: 60_000, everyMs: 500, until }).catch(
        (error: unknown) => {
          throw new Error(`${String(error)}\n${agent.output}\n${first.output}`)
        },
      )
      t.match(seen, [{ service: 'crm' }])
      t.ok(await agent.probe('heddle-agent', 'livenessProbe'))
    },
  )

  await t.test(
    'a rolling upgrade of the planes loses no registration, fails no request and moves no route',
    async (t) => {
      const ready = join(folder.path, 'ready')
      const say = (indexes: readonly number[]) =>
        writeFile(ready, indexes.map((index) => `${network.addressOf(`plane-${index}`)}\n`).join(''))
      await say([0, 1])
      const log = join(folder.path, 'registrations')
      await writeFile(log, '')
      const outcomes = async () => {
        const lines = (await readFile(log, 'utf8')).split('\n').filter(Boolean)
        return lines.map((line) => JSON.parse(line) as { readonly count: number; readonly outcome: number | string })
      }
      const isGood = ({ outcome }: { readonly outcome: number | string }) => outcome === 200 || outcome === 201
      const client = [join(projectFolder, 'test/support/kubernetes/registering.ts'), me, ready, log]
      await using registering = await network.spawn('client', node, client)
      await registering.ready('its first registration', 20_000, async () => (await outcomes()).some(isGood))

      const next = await render({ controlPlane: { ...values.controlPlane, config: { logging: { level: 'debug' } } } })
      const checksum = (all: readonly KubeObject[]) =>
        all.find(({ kind }) => kind === 'StatefulSet')?.spec.template.metadata.annotations['checksum/config']
      t.not(checksum(next), checksum(objects))
      // As the controller of a StatefulSet does: the last first, the next once that is ready.
      for (const index of [1, 0]) {
        const [leaving] = running.filter(({ host }) => host === `plane-${index}`)
        // A Pod that is told to end is taken out of its Services at the same moment as its preStop begins; proxies hear of it a little later.
        const taken = pause(1_000).then(() => say([1 - index]))
        const codes = await leaving?.stop()
        await taken
        t.strictSame(codes, { plane: 0 })
        const replaced = planes.use(await startPlane(next, index))
        await replaced.passes('plane', 'startupProbe')
        await replaced.passes('plane', 'readinessProbe')
        await say([0, 1])
      }
      await registering.stop()
      const all = await outcomes()
      t.ok(all.length > 50, `${all.length} registrations`)
      t.strictSame(
        all.filter((each) => !isGood(each)),
        [],
        'no request failed',
      )
      const known = new Set((await instances()).map(({ id }) => id))
      t.strictSame(
        all.filter(({ count }) => !known.has(`resume-${count}`)),
        [],
        'what was acknowledged is there',
      )
      const { output } = await heddle(me, '--json', 'events', '--limit', '1000')
      const ofCrm = output.split(/"subject": /).filter((each) => each.startsWith('"crm-'))
      t.ok(ofCrm.length > 0, 'its events are told')
      const kinds = new Set(ofCrm.flatMap((each) => /"kind": "([a-z-]+)"/.exec(each)?.[1] ?? []))
      t.strictSame(
        [...kinds].filter((kind) => !['registered', 'judged'].includes(kind)),
        [],
        'its route stood still',
      )
      t.ok(
        (await agent.probe('heddle-agent', 'livenessProbe')) &&
          /"session":\{"state":"connected"/.test(await healthOf(network)),
      )
    },
  )

  await t.test('an agent ends in time, and so does a plane that is the last', async (t) => {
    t.strictSame(await agent.stop(), { 'heddle-agent': 0 })
  })
})

/** The health of the agent in the Pod of the server. */
async function healthOf(network: Network): Promise<string> {
  const url = `http://${network.addressOf('crm')}:9180/health`
  await using asking = await network.spawn('crm', node, [
    '-e',
    `fetch('${url}').then((r) => r.text()).then(console.log)`,
  ])
  await asking.exited
  return asking.output.replaceAll(/\s/g, '')
}

function numbered(pod: KubeObject, index: number): KubeObject {
  const text = JSON.stringify(pod).replaceAll(`${plane}-0`, `${plane}-${index}`)
  return JSON.parse(text)
}

/** The Pod that docs/kubernetes.md shows. */
async function sidecarPod(): Promise<KubeObject> {
  const page = await readFile(join(projectFolder, 'docs/kubernetes.md'), 'utf8')
  const [, text = ''] = /```yaml\n(# a server with an agent beside it\n[\s\S]*?)```/.exec(page) ?? []
  const { parse } = await import('yaml')
  return parse(text)
}
