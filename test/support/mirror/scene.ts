import { randomUUID } from 'node:crypto'
import * as z from 'zod/mini'
import type { FleetView } from '#control-plane/fleet/fleet.ts'
import type { Sink, SinkStatus } from '#control-plane/fleet/sink.ts'
import { MirrorConfig } from '#control-plane/mirror/config.ts'
import { type Mirror, startMirror } from '#control-plane/mirror/serve.ts'
import { createLogger } from '#shared/logging/logger.ts'
import { type ConsulServer, startConsul } from '../consul.ts'
import { FleetBuilder } from '../fleet-builder.ts'
import { waitFor } from '../wait.ts'

export type Version = '1.8' | '1.22'

/** Two Consuls that do not know of each other. */
export async function startTwoConsuls(
  version: Version,
  acl = false,
): Promise<readonly [ConsulServer, ConsulServer] & AsyncDisposable> {
  await using stack = new AsyncDisposableStack()
  const [zervigo, looma] = await Promise.all([
    startConsul({ datacenter: 'zervigo-dc', version, acl }).then((consul) => stack.use(consul)),
    startConsul({ datacenter: 'looma-dc', version, acl }).then((consul) => stack.use(consul)),
  ])
  const all = stack.move()
  return Object.assign([zervigo, looma] as const, { [Symbol.asyncDispose]: () => all.disposeAsync() })
}

type Settings = z.input<typeof MirrorConfig>
type Datacenter = NonNullable<Settings['datacenters']>[number]

export type MirrorOptions = {
  readonly owner: string
  readonly installation?: string
  readonly run?: string
  readonly epoch?: number
  readonly takeover?: boolean
  readonly settings?: Omit<Settings, 'datacenters'>
  /** For every datacenter. */
  readonly datacenter?: Partial<Datacenter>
}

/** A mirror of a fleet into real Consuls, with cadences that suit a test. */
export async function mirrorInto(
  consuls: readonly Pick<ConsulServer, 'datacenter' | 'url'>[],
  fleet: FleetView,
  { owner, installation = 'one', run = randomUUID(), epoch = 1, takeover = false, settings, datacenter }: MirrorOptions,
): Promise<Mirror> {
  const config = z.parse(MirrorConfig, {
    compare_every: '1s',
    wake_gap: '100ms',
    freshness: { every: '200ms', watch: '1s' },
    ...settings,
    datacenters: consuls.map((consul) => ({
      name: consul.datacenter,
      address: consul.url,
      timeout: '1s',
      ...datacenter,
    })),
  })
  const log = createLogger({ name: 'mirror', level: 'silent' })
  const { signal } = new AbortController()
  return startMirror(config, { fleet, log, signal, installation: { id: installation, owner, run, epoch, takeover } })
}

/** Waits until sinks have proven what the fleet is now. */
export async function proves(sinks: readonly Sink[], fleet: FleetView, withinMs = 10_000): Promise<void> {
  const wanted = fleet.revision
  const since = Date.now()
  for (const sink of sinks) {
    await waitFor(() => sink.status(), {
      what: `${sink.status().name} to prove revision ${wanted}`,
      withinMs,
      everyMs: 2,
      until: ({ proven }) => (proven?.revision ?? -1) >= wanted && (proven?.at ?? 0) >= since - 60_000,
    })
  }
}

export async function reaches(sink: Sink, state: SinkStatus['state'], withinMs = 10_000): Promise<SinkStatus> {
  return waitFor(() => sink.status(), {
    what: `${state}`,
    withinMs,
    everyMs: 5,
    until: (status) => status.state === state,
  })
}

/** A fleet of `count` instances of a service of their own, so that tests in one datacenter do not meet. */
export function fleetOf(service: string, count = 1): FleetBuilder {
  const builder = new FleetBuilder()
  for (let i = 0; i < count; i += 1) {
    const node = `n-${service}-${i}`
    builder.node(node, { address: '10.0.0.1' })
    builder.instance(`${service}-${i}`, node, { service, port: 8000 + i, tags: ['zervigo', 'go'] })
  }
  return builder
}

type Row = Readonly<Record<string, unknown>>
export type HealthRow = {
  readonly Node: Row & { readonly Node: string }
  readonly Service: Row & { readonly ID: string; readonly Port: number; readonly ModifyIndex: number }
  readonly Checks: readonly (Row & { readonly CheckID: string; readonly Status: string; readonly Output: string })[]
}

/** The health of a service, as every client of Consul sees it. */
export function healthOf(consul: ConsulServer, service: string, query = ''): Promise<readonly HealthRow[]> {
  return consul.request('GET', `/v1/health/service/${encodeURIComponent(service)}${query}`)
}

/** `<service id>: <status of our check>`, sorted. */
export async function shown(consul: ConsulServer, service: string): Promise<readonly string[]> {
  const rows = await healthOf(consul, service)
  return rows
    .map(({ Service, Checks }) => {
      const check = Checks.find(({ CheckID }) => CheckID === `heddle:${Service.ID}`)
      return `${Service.ID}: ${check?.Status} ${check?.Output}`
    })
    .sort()
}

/** Everything in a catalogue but its own server, as JSON with all indexes: what `select` chooses by the name of the node. */
export async function records(
  consul: ConsulServer,
  select: (node: string) => boolean,
): Promise<Readonly<Record<string, string>>> {
  const nodes = await consul.request<readonly { readonly Node: string }[]>('GET', '/v1/catalog/nodes')
  const found: Record<string, string> = {}
  for (const { Node } of nodes) {
    if (Node === `${consul.datacenter}-server` || !select(Node)) continue
    const content = await consul.request('GET', `/v1/catalog/node/${encodeURIComponent(Node)}`)
    const checks = await consul.request('GET', `/v1/health/node/${encodeURIComponent(Node)}`)
    found[Node] = JSON.stringify({ content, checks })
  }
  return found
}

export function ofOwner(owner: string): (node: string) => boolean {
  return (node) => node.startsWith(`heddle-${owner}-`)
}

export function notOfOwner(owner: string): (node: string) => boolean {
  return (node) => !node.startsWith(`heddle-${owner}-`)
}

/** Registers something as anybody may. */
export async function register(consul: ConsulServer, body: object): Promise<void> {
  await consul.request('PUT', '/v1/catalog/register', body)
}

export async function deregister(consul: ConsulServer, body: object): Promise<void> {
  await consul.request('PUT', '/v1/catalog/deregister', body)
}

export async function readKey(
  consul: ConsulServer,
  key: string,
): Promise<{ readonly ModifyIndex: number; readonly Value: string } | undefined> {
  const response = await fetch(`${consul.url}/v1/kv/${key}`, {
    headers: consul.managementToken === '' ? {} : { 'x-consul-token': consul.managementToken },
  })
  if (response.status === 404) return undefined
  const [row] = (await response.json()) as readonly { readonly ModifyIndex: number; readonly Value: string }[]
  return row
}
