import { randomUUID } from 'node:crypto'
import * as z from 'zod/mini'
import type { JournalEntry } from '#control-plane/fleet/event.ts'
import { Fleet } from '#control-plane/fleet/fleet.ts'
import { type Foreign, startForeign } from '#control-plane/foreign/serve.ts'
import { MirrorConfig } from '#control-plane/mirror/config.ts'
import { type Mirror, startMirror } from '#control-plane/mirror/serve.ts'
import { createLogger } from '#shared/logging/logger.ts'
import type { ConsulServer } from '../consul.ts'
import { MemoryJournal } from '../store/memory-journal.ts'

export type ForeignInput = NonNullable<NonNullable<z.input<typeof MirrorConfig>['datacenters']>[number]['foreign']>

export type ForeignPlane = AsyncDisposable & {
  readonly fleet: Fleet
  readonly journal: MemoryJournal
  readonly foreign: Foreign
  readonly mirror: Mirror
  readonly datacenters: MirrorConfig['datacenters']
}

export type ForeignPlaneOptions = {
  readonly owner: string
  /** By datacenter. */
  readonly policies: Readonly<Record<string, ForeignInput>>
  /** What the journal holds already. */
  readonly before?: readonly JournalEntry[]
  readonly standInAfterMs?: number
  readonly guard?: { readonly least: number; readonly share: number }
  /** False: nothing is written into the Consuls. */
  readonly mirrors?: boolean
}

/** A plane that follows foreign records of real Consuls and copies them, with cadences that suit a test. */
export async function foreignPlane(
  consuls: readonly ConsulServer[],
  { owner, policies, before = [], standInAfterMs = 10_000, guard, mirrors = true }: ForeignPlaneOptions,
): Promise<ForeignPlane> {
  const config = z.parse(MirrorConfig, {
    owner,
    compare_every: '1s',
    wake_gap: '100ms',
    freshness: { every: '200ms', watch: '200ms' },
    ...(guard ? { guard } : {}),
    datacenters: consuls.map(({ datacenter, url }) => ({
      name: datacenter,
      address: url,
      timeout: '5s',
      foreign: { every: '1s', health_every: '100ms', ...policies[datacenter] },
    })),
  })
  const log = createLogger({ name: 'foreign', level: 'silent' })
  const fleet = new Fleet()
  fleet.apply(before)
  const journal = new MemoryJournal(fleet)
  const { record } = journal
  await using stack = new AsyncDisposableStack()
  const { datacenters } = config
  const foreign = stack.use(startForeign(datacenters, { fleet, record, owner, by: 'plane:test', log, standInAfterMs }))
  const installation = { id: 'one', owner, run: randomUUID(), epoch: 1, takeover: true }
  const { signal } = new AbortController()
  const parts = { fleet, log, signal, installation, foreignComplete: foreign.complete }
  const mirror = stack.use(await startMirror(mirrors ? config : { ...config, datacenters: [] }, parts))
  const all = stack.move()
  return { fleet, journal, foreign, mirror, datacenters, [Symbol.asyncDispose]: () => all.disposeAsync() }
}

/** Something that somebody else registers, with one check of its own. */
export function stranger(
  id: string,
  { node = 'legacy', service = id, port = 7000, address = '10.9.0.1', status = 'passing', tags = ['old'] } = {},
): object {
  return {
    Node: node,
    Address: address,
    SkipNodeUpdate: false,
    Service: { ID: id, Service: service, Address: address, Port: port, Tags: tags, Meta: { version: '3' } },
    Check: { CheckID: `service:${id}`, Name: 'theirs', Status: status, ServiceID: id },
  }
}
