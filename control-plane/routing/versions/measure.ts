import type { TableFrame } from '../table/build.ts'
import { servicesOf } from '../table/services-of.ts'
import type { Traffic } from '../traffic/traffic.ts'
import type { Measured } from './rollout.ts'

/**
 * What is known of requests through these gateways since a time: what was counted of them; where nobody counts, what the services that they
 * lead to say of themselves. Undefined: nothing is known.
 */
export function measure(
  gateways: Iterable<string>,
  since: number,
  frames: ReadonlyMap<string, TableFrame>,
  traffic: Traffic,
): Measured | undefined {
  const names = [...gateways]
  const totals = names.flatMap((gateway) => [...(traffic.since(gateway, since)?.values() ?? [])])
  if (totals.length > 0) {
    const sum = (of: (total: (typeof totals)[number]) => number) => totals.reduce((all, each) => all + of(each), 0)
    const requests = sum((each) => each.requests)
    const latencyMs = requests === 0 ? undefined : sum((each) => each.totalMs) / requests
    return { requests, errors: sum((each) => each.errors), latencyMs, of: `counted at ${names.join(', ')}` }
  }
  const services = new Set(names.flatMap((name) => (frames.get(name)?.routes ?? []).flatMap(servicesOf)))
  const said = traffic.ofServices(services, since)
  return said && { ...said, of: `as ${[...services].sort().join(', ')} say` }
}
