import type { MayReach } from '#shared/probe/probe.ts'
import type { LintView } from '#shared/protocol/lint.ts'
import type { KindedCheckRow, KindedServiceRow } from '../../consul/answers.ts'
import { ConsulClient } from '../../consul/client.ts'
import { foreignId } from '../../fleet/belief.ts'
import type { FleetView } from '../../fleet/fleet.ts'
import type { ForeignDatacenter } from '../follow.ts'
import { withoutCase } from '../read.ts'
import { foreignSpec, isForeign, isLoopback, ownerKey } from '../record.ts'
import type { Facts } from './facts.ts'
import { findings } from './judge.ts'
import { endpointKey, probeAll } from './probe.ts'

export type LintParts = {
  readonly fleet: Pick<FleetView, 'foreign'>
  readonly owner: string
  readonly now: () => number
  readonly signal?: AbortSignal
  /** Where records may lead to; left out: anywhere. */
  readonly mayReach?: MayReach
}

/** Records that are looked at, and addresses that are tried. */
const most = { records: 5_000, probes: 1_000 }
const mostSockets = 4

/**
 * Looks for what is wrong with the records of others in one of the datacenters, and changes nothing there; undefined: there is no such
 * datacenter. Rejects as the Consul's client does.
 */
export async function lintDatacenter(
  datacenters: readonly ForeignDatacenter[],
  name: string,
  { criticalForMs }: { readonly criticalForMs: number },
  { fleet, owner, now, signal, mayReach }: LintParts,
): Promise<LintView | undefined> {
  const datacenter = datacenters.find((each) => each.name === name)
  if (!datacenter) return undefined
  const { address, token_file: tokenFile, ca_file: caFile, timeout: timeoutMs } = datacenter
  using consul = new ConsulClient({ datacenter: name, address, tokenFile, caFile, timeoutMs, mostSockets })
  const { records, beyond } = await readRecords(consul, signal)
  const checks = await readChecks(consul, owner, records, signal)
  const nodes = new Map<string, string[]>()
  for (const { id, node } of records) nodes.set(id, [...(nodes.get(id) ?? []), node])

  const where = new Map(records.map((record) => [record, foreignSpec(name, record)]))
  const reachable = isReachableFrom(new URL(address).hostname)
  const tried = records.filter((record) => record.port > 0 && reachable(where.get(record)?.address ?? ''))
  const probed = tried.slice(0, most.probes)
  const unreached = await probeAll(
    probed.flatMap((record) => where.get(record) ?? []),
    signal,
    mayReach,
  )
  const facts = records.map((record): Facts => {
    const spec = where.get(record) ?? foreignSpec(name, record)
    const known = fleet.foreign.get(foreignId(spec))
    return {
      record,
      address: spec.address,
      checks: checks.get(placeKey(record.node, record.id)) ?? [],
      unreached: unreached.get(endpointKey(spec)),
      criticalMs: known?.health === 'critical' ? Math.max(0, now() - known.healthSince) : 0,
      namesakes: (nodes.get(record.id) ?? []).filter((node) => node !== record.node).sort(),
    }
  })
  const notProbed = records.filter(({ port }) => port > 0).length - probed.length
  return {
    datacenter: name,
    examined: records.length,
    beyond,
    not_probed: notProbed,
    findings: [...findings(facts, { criticalForMs })],
  }
}

/** A loopback address means the machine of whoever registered it: that is ours only where the Consul itself is on it. */
function isReachableFrom(consulHost: string): (address: string) => boolean {
  return (address) => address !== '' && (!isLoopback(address) || isLoopback(consulHost))
}

async function readRecords(consul: ConsulClient, signal: AbortSignal | undefined) {
  const records: KindedServiceRow[] = []
  let beyond = 0
  const services = await consul.serviceNames(undefined, { consistency: 'stale', signal })
  for (const service of withoutCase(services)) {
    // Consul registers its servers under this name itself.
    if (service === 'consul') continue
    for await (const rows of consul.instancesLacking(service, ownerKey, { consistency: 'stale', signal })) {
      for (const row of rows) {
        if (row.kind !== '' || !isForeign(row)) continue
        if (records.length < most.records) records.push(row)
        else beyond += 1
      }
    }
  }
  return { records, beyond }
}

/** The checks of those records, by `placeKey`. */
async function readChecks(
  consul: ConsulClient,
  owner: string,
  records: readonly KindedServiceRow[],
  signal: AbortSignal | undefined,
): Promise<ReadonlyMap<string, readonly KindedCheckRow[]>> {
  const checks = new Map<string, KindedCheckRow[]>(records.map(({ node, id }) => [placeKey(node, id), []]))
  const reading = { passing: true, consistency: 'stale', signal } as const
  for await (const rows of consul.checksWithout(`${ownerKey}=${owner}`, reading)) {
    for (const row of rows) checks.get(placeKey(row.node, row.serviceId))?.push(row)
  }
  return checks
}

function placeKey(node: string, id: string): string {
  return `${node}\n${id}`.toLowerCase()
}
