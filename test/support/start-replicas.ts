import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { FingerprintView, ReplicaView, StatusView } from '#shared/protocol/status-api.ts'
import type { ConsulServer } from './consul.ts'
import { type Folder, temporaryFolder } from './folder.ts'
import { answers, Program, writeYaml } from './landscape/program.ts'
import { freePorts } from './ports.ts'
import type { PostgresqlKind, StorePlace } from './store/kinds.ts'
import { registerOn, settingsOn } from './store/plane-on.ts'
import { askTls } from './tls-plane.ts'
import { waitFor } from './wait.ts'

/** A real control plane process that shares its database with others. */
export class RunningReplica implements AsyncDisposable {
  readonly name: string
  readonly url: string
  readonly xdsPort: number
  readonly program: Program

  constructor(name: string, url: string, xdsPort: number, file: string) {
    this.name = name
    this.url = url
    this.xdsPort = xdsPort
    const isThere = async () => (await askTls(`${url}/health`).catch(() => undefined)) !== undefined
    const ready = url.startsWith('https:') ? isThere : answers(`${url}/v1/status`)
    this.program = new Program(name, 'control-plane/main.ts', file, ready)
  }

  async get<T>(path: string): Promise<T> {
    if (this.url.startsWith('https:')) {
      const { status, body } = await askTls(`${this.url}${path}`)
      if (status !== 200) throw new Error(`${this.name} answered ${path} with ${status}: ${body}`)
      return JSON.parse(body) as T
    }
    const response = await fetch(`${this.url}${path}`, { signal: AbortSignal.timeout(15_000) })
    if (!response.ok) throw new Error(`${this.name} answered ${path} with ${response.status}: ${await response.text()}`)
    return (await response.json()) as T
  }

  send(method: string, path: string, body: object): Promise<Response> {
    const headers = { 'content-type': 'application/json' }
    return fetch(`${this.url}${path}`, {
      method,
      headers,
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(15_000),
    })
  }

  status(): Promise<StatusView> {
    return this.get('/v1/status')
  }

  /** Registers an instance as a client does; its status. */
  async register(id: string, port?: number): Promise<number> {
    const response = await registerOn(this.url, id, port)
    await response.arrayBuffer()
    return response.status
  }

  fingerprint(at?: number): Promise<FingerprintView> {
    return this.get(`/v1/fingerprint${at === undefined ? '' : `?at=${at}`}`)
  }

  /** What it says of itself among the replicas. */
  async self(): Promise<ReplicaView> {
    const { replicas = [] } = await this.status()
    const self = replicas.find((each) => each.self)
    if (!self) throw new Error(`${this.name} does not know itself`)
    return self
  }

  /** Resolves when it says that it leads, or that it does not. */
  async isLeader(leads: boolean): Promise<void> {
    const what = `${this.name} to ${leads ? 'lead' : 'follow'}`
    await waitFor(() => this.self(), { what, withinMs: 20_000, until: (self) => self.leads === leads })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.program[Symbol.asyncDispose]()
  }
}

export type Replicas = AsyncDisposable & {
  readonly folder: Folder
  readonly all: readonly RunningReplica[]
  /** Has the ones that run agree on who leads, and answers with that one first. */
  readonly inOrder: () => Promise<readonly [leader: RunningReplica, ...others: RunningReplica[]]>
}

/**
 * Planes on one database, all started.
 * @param settings of each one's configuration besides those that it needs to run
 * @param tls whether they are asked over TLS, as one installation with one secret; callers of their API need nothing either way
 */
export async function startReplicas(
  place: StorePlace,
  count: number,
  settings: (index: number) => object = () => ({}),
  { tls = false } = {},
): Promise<Replicas> {
  await using stack = new AsyncDisposableStack()
  const folder = stack.use(await temporaryFolder('replicas'))
  const secret = join(folder.path, 'secret')
  if (tls) await writeFile(secret, randomBytes(32).toString('base64url'), { mode: 0o600 })
  const secured = tls ? { access: { required: false } } : {}
  const ports = await freePorts(2 * count)
  const all: RunningReplica[] = []
  for (let index = 0; index < count; index += 1) {
    const [port = 0, xds = 0] = ports.slice(2 * index)
    const { journal, identity, ...more } = { journal: {}, identity: {}, ...settings(index) }
    const first = { file: join(folder.path, `token-${index}`) }
    const known = tls ? { identity: { secret_file: secret, first_token: first, ...identity } } : {}
    const own = settingsOn(place, join(folder.path, `${index}.db`))
    const file = await writeYaml(join(folder.path, `${index}.yaml`), {
      api: { port, tls },
      routing: { xds: { port: xds, tls } },
      journal: { ...own.journal, ...journal },
      ...secured,
      ...known,
      ...more,
    })
    all.push(
      stack.use(new RunningReplica(`plane ${index}`, `${tls ? 'https' : 'http'}://127.0.0.1:${port}`, xds, file)),
    )
  }
  await Promise.all(all.map(({ program }) => program.start()))
  const held = stack.move()
  const inOrder: Replicas['inOrder'] = async () => {
    const running = all.filter(({ program }) => program.pid !== undefined)
    const look = async () => {
      const views = await Promise.all(running.map((each) => each.status()))
      const runs = new Set(views.map(({ leader }) => leader?.run))
      const leaders = views.map(({ replicas = [] }) => replicas.some(({ self, leads }) => self && leads))
      const known = views.every(
        ({ replicas = [] }) => replicas.filter(({ state }) => state !== 'gone').length === running.length,
      )
      const at = leaders.indexOf(true)
      return known && runs.size === 1 && leaders.filter(Boolean).length === 1 ? at : -1
    }
    const at = await waitFor(look, { what: 'the replicas to agree', withinMs: 30_000, until: (seen) => seen >= 0 })
    const [leader] = running.slice(at)
    if (!leader) throw new Error('a leader')
    return [leader, ...running.filter((each) => each !== leader)]
  }
  return { folder, all, inOrder, [Symbol.asyncDispose]: () => held.disposeAsync() }
}

/** Registers an instance as a client does, and says that it is well. */
export async function registerWell(plane: RunningReplica, id: string, port: number): Promise<void> {
  const status = await plane.register(id, port)
  if (status >= 300) throw new Error(`${plane.name} answered the registration of ${id} with ${status}`)
  const beat = await plane.send('POST', `/cluster/heartbeat/${id}`, { health: 'healthy' })
  if (!beat.ok)
    throw new Error(`${plane.name} answered the heartbeat of ${id} with ${beat.status}: ${await beat.text()}`)
}

/** Settings of a mirror into these that notices everything soon. */
export function mirrorInto(consuls: readonly ConsulServer[]): object {
  const datacenters = consuls.map(({ datacenter, url }) => ({ name: datacenter, address: url }))
  return { mirror: { compare_every: '1s', freshness: { every: '200ms', watch: '2s' }, datacenters } }
}

type Held = { readonly installation: string; readonly epoch: number; readonly run: string }

/** Who holds the fence of a datacenter; undefined: nobody ever did. */
export function fenceOf(consul: ConsulServer): Promise<Held | undefined> {
  return keyOf(consul, 'fence')
}

/** Who wrote last that it lives. */
export function freshOf(consul: ConsulServer): Promise<(Held & { readonly at: string }) | undefined> {
  return keyOf(consul, 'fresh')
}

async function keyOf<T>(consul: ConsulServer, name: string): Promise<T | undefined> {
  const rows = await consul
    .request<readonly { Value: string }[]>('GET', `/v1/kv/heddle/heddle/${name}`)
    .catch((error: unknown) => {
      if (String(error).includes('with 404')) return []
      throw error
    })
  const [row] = rows
  return row && (JSON.parse(Buffer.from(row.Value, 'base64').toString()) as T)
}

/** Waits until a datacenter shows these instances of the service crm as passing, and no others. */
export function showsCrm(consul: ConsulServer, ids: readonly string[]): Promise<readonly string[]> {
  const look = async () => {
    const path = '/v1/health/service/crm?passing'
    const rows = await consul.request<readonly { Service: { ID: string } }[]>('GET', path)
    return rows.map(({ Service }) => Service.ID).sort()
  }
  const expected = [...ids].sort().join()
  return waitFor(look, {
    what: `${consul.datacenter} to show ${expected}`,
    withinMs: 30_000,
    until: (seen) => seen.join() === expected,
    everyMs: 20,
  })
}

/** As a backup or a copy of a machine has it. Nobody may be connected to the one that is copied. */
export async function copyOf(kind: PostgresqlKind, place: StorePlace, name: string): Promise<StorePlace> {
  const from = place.settings.postgresql?.database ?? ''
  const look = () => kind.server.query(`create database ${name} template ${from}`).then(() => true)
  await waitFor(look, { what: 'the copy', withinMs: 20_000 })
  const settings = { ...place.settings, postgresql: kind.settings(name) }
  const query = (text: string) => kind.server.query(text, name)
  return { settings, query, [Symbol.asyncDispose]: async () => {} }
}
