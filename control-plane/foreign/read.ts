import type { Consistency, ConsulClient } from '../consul/client.ts'
import { Verdicts } from './health.ts'
import type { ForeignList, Wanted } from './list.ts'
import { ownerKey } from './record.ts'

/** Services that are read at once. */
const lanes = 2

type Reading = { readonly consistency: Consistency; readonly signal: AbortSignal }

/** Adds what others have registered to a list: one request for the names, and one for each service that is wanted. */
export async function readForeign(
  consul: ConsulClient,
  wanted: Wanted,
  list: ForeignList,
  reading: Reading,
): Promise<void> {
  const names = await consul.serviceNames(undefined, reading)
  const coming = withoutCase(names.filter((name) => wanted.service(name))).values()
  const lane = async () => {
    for (const name of coming) {
      for await (const rows of consul.instancesLacking(name, ownerKey, reading)) {
        for (const row of rows) if (wanted.row(row)) list.add(row)
      }
    }
  }
  const ends = await Promise.allSettled(Array.from({ length: lanes }, lane))
  const failed = ends.find((end) => end.status === 'rejected')
  if (failed) throw failed.reason
}

/** Consul lists names that differ only in case apart, but answers for each with the instances of all of them. */
export function withoutCase(names: readonly string[]): readonly string[] {
  return [...new Map(names.map((name) => [name.toLowerCase(), name])).values()]
}

/** What their checks say: one request, which answers only with what does not pass and is not ours. */
export async function readVerdicts(consul: ConsulClient, owner: string, reading: Reading): Promise<Verdicts> {
  const verdicts = new Verdicts()
  const notes = `${ownerKey}=${owner}`
  for await (const rows of consul.checksWithout(notes, { ...reading, passing: false })) {
    for (const row of rows) verdicts.add(row)
  }
  return verdicts
}
