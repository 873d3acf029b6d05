import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import t from 'tap'
import type { InstanceView } from '#shared/protocol/api.ts'
import { startConsul } from '#test/support/consul.ts'
import { temporaryFolder } from '#test/support/folder.ts'
import { answers, writeYaml } from '#test/support/landscape/program.ts'
import { missingParts } from '#test/support/parts.ts'
import { freePorts } from '#test/support/ports.ts'
import { RunningAgent } from '#test/support/start-agent.ts'
import { startBasicServer } from '#test/support/start-basic-server.ts'
import { PostgresqlKind } from '#test/support/store/kinds.ts'
import { settingsOn } from '#test/support/store/plane-on.ts'
import { postgresqlPrograms } from '#test/support/store/postgresql.ts'
import { former, releases } from '#test/support/upgrade/former.ts'
import { Versioned } from '#test/support/upgrade/versioned.ts'
import { waitFor } from '#test/support/wait.ts'

// Planes of the version before, exchanged one after the other for those of today, with agents, old clients and a Consul.
t.setTimeout(280_000)

const withinMs = 60_000
const today = 'control-plane/main.ts'
const [release] = await releases()
if (!release) throw new Error('a release')
const made = await former(release)
const missing = [
  ...((await postgresqlPrograms()) ? [] : ['PostgreSQL is not on this machine']),
  ...missingParts(['consul']).map((part) => `${part} is not on this machine`),
  ...(typeof made === 'string' ? [made] : []),
]

await t.test(
  'three planes are exchanged one after the other: no write is lost, nothing leaves routing',
  { skip: missing[0] ?? false },
  async (t) => {
    if (typeof made === 'string') return
    await using stack = new AsyncDisposableStack()
    const folder = stack.use(await temporaryFolder('planes'))
    const kind = stack.use(await PostgresqlKind.start())
    const place = stack.use(await kind.place())
    const consul = stack.use(await startConsul({ datacenter: 'dc1' }))
    const secret = join(folder.path, 'secret')
    await writeFile(secret, randomBytes(32).toString('base64url'), { mode: 0o600 })
    const ports = await freePorts(6)
    const planes: { readonly url: string; readonly program: Versioned }[] = []
    for (let index = 0; index < 3; index += 1) {
      const [port = 0, xds = 0] = ports.slice(2 * index)
      const file = await writeYaml(join(folder.path, `${index}.yaml`), {
        api: { port },
        routing: { xds: { port: xds } },
        ...settingsOn(place, join(folder.path, `${index}.db`)),
        mirror: {
          compare_every: '1s',
          freshness: { every: '200ms', watch: '1s' },
          datacenters: [{ name: 'dc1', address: consul.url }],
        },
      })
      const url = `http://127.0.0.1:${port}`
      planes.push({ url, program: stack.use(new Versioned(`plane ${index}`, file, answers(`${url}/health`))) })
    }
    for (const { program } of planes) await program.start(made.plane)
    const urls = planes.map(({ url }) => url)
    const agents: RunningAgent[] = []
    for (const instance of ['a', 'b', 'c']) {
      const server = stack.use(await startBasicServer({ name: 'crm', instance }))
      const services = [
        { name: 'crm', port: server.port, checks: [{ kind: 'http', path: '/health', interval: '500ms' }] },
      ]
      agents.push(
        stack.use(
          await RunningAgent.start({
            planes: urls,
            services,
            more: { node: { name: instance, machine: `m-${instance}` } },
          }),
        ),
      )
    }
    const at = async <T>(index: number, path: string): Promise<T> => {
      const response = await fetch(`${urls[index]}${path}`, { signal: AbortSignal.timeout(5_000) })
      if (!response.ok) throw new Error(`${path}: ${response.status}`)
      return (await response.json()) as T
    }
    const routable = async (index: number) =>
      (await at<InstanceView[]>(index, '/v1/instances?service=crm')).filter((view) => view.routable === 'yes').length
    for (const index of [0, 1, 2])
      await waitFor(() => routable(index), {
        what: `plane ${index} to know all`,
        withinMs,
        until: (count) => count === 3,
      })
    const catalogue = async () => {
      const rows = await consul.request<readonly { ServiceID: string; ModifyIndex: number }[]>(
        'GET',
        '/v1/catalog/service/crm',
      )
      return rows.map(({ ServiceID, ModifyIndex }) => `${ServiceID} ${ModifyIndex}`).sort()
    }
    await waitFor(catalogue, { what: 'Consul to show all', withinMs, until: (rows) => rows.length === 3 })
    const written = await catalogue()
    const [row] = await place.query('select max(revision)::int as revision from journal')
    const before = Number(row?.revision)

    // Clients of old, who ask the next plane where one does not answer, as behind a balancer.
    const taken: string[] = []
    let asked = 0
    let failed = 0
    let clients = true
    const register = async () => {
      while (clients) {
        asked += 1
        const id = `other-${asked}`
        const body = {
          service_name: 'other',
          service_type: 'other',
          instance_id: id,
          node_id: 'n',
          address: '10.0.0.1',
          port: 1_000 + (asked % 50_000),
        }
        const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
        let done = false
        for (let index = 0; index < 3 && !done; index += 1) {
          const url = `${urls[(asked + index) % 3]}/cluster/register`
          done = await fetch(url, { ...init, signal: AbortSignal.timeout(5_000) }).then(
            async (response) => {
              await response.arrayBuffer()
              return response.ok
            },
            () => false,
          )
        }
        if (done) taken.push(id)
        else failed += 1
        await pause(25)
      }
    }
    const registering = register()

    for (const [index, { program }] of planes.entries()) {
      await program.start(today)
      await waitFor(() => routable(index), {
        what: `plane ${index} of today to know all`,
        withinMs,
        until: (count) => count === 3,
      })
      t.strictSame(await catalogue(), written, `nothing was written into the catalogue by exchange ${index + 1}`)
    }
    clients = false
    await registering
    t.ok(taken.length > 20, `${taken.length} registrations were taken`)
    t.equal(failed, 0, 'each was taken by one of the planes')
    const rows = await place.query(`select body from journal where kind = 'registered' and revision > ${before}`)
    const kept = new Set(rows.map(({ body }) => JSON.parse(String(body)).spec?.id ?? JSON.parse(String(body)).instance))
    t.strictSame(
      taken.filter((id) => !kept.has(id)),
      [],
      'every write that was acknowledged is in the journal',
    )
    const moved = await place.query(
      `select kind, subject_id from journal where revision > ${before} and kind in ('judged', 'deregistered', 'death-confirmed', 'hold-begun') and body like '%crm%'`,
    )
    t.strictSame(moved, [], 'nothing that could move a route')
    const lost = await place.query(
      `select subject_id from journal where revision > ${before} and kind = 'contact-changed' and body like '%"contact":"lost"%'`,
    )
    t.strictSame(lost, [], 'no agent was lost')
    for (const index of [0, 1, 2]) t.equal(await routable(index), 3)
  },
)
