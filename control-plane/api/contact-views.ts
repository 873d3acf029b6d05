import { catalogue } from '#shared/failure/catalogue.ts'
import { type AlertCode, type AlertView, alertParameters } from '#shared/protocol/alert.ts'
import type { StatusView } from '#shared/protocol/status-api.ts'
import type { FleetView } from '../fleet/fleet.ts'
import type { Held } from '../fleet/held.ts'
import type { SiteCount, SiteTally } from '../fleet/site-tally.ts'
import { isoTime } from './iso-time.ts'

type HoldView = StatusView['holds'][number]

/** Machines and services of a hold that are named: of a large site thousands may be held. */
const mostNamed = 100

export function holdView({ hold, instances, services }: Held): HoldView {
  const { site, machines, since, until } = hold
  return {
    site,
    machines: machines.slice(0, mostNamed),
    lost: machines.length,
    since: isoTime(since),
    until: isoTime(until),
    instances,
    services: services.slice(0, mostNamed).map((each) => ({ ...each })),
  }
}

/** What people are told of, as far as the fleet itself shows it. */
export function alertsOf(
  fleet: FleetView,
  held: readonly Held[],
  { sites }: Pick<SiteTally, 'sites'>,
): readonly AlertView[] {
  const all = [...sites.values()].sort((a, b) => (a.site < b.site ? -1 : 1))
  return [
    ...all.filter(isLost).map(({ site, nodes, since }) => alert('SITE_LOST', 'critical', [site, String(nodes)], since)),
    ...held.map(({ hold: { site, machines, since, until }, instances }) =>
      alert('SITE_HELD', 'warning', [site, String(machines.length), String(instances), isoTime(until)], since),
    ),
    ...all
      .filter(({ demoted }) => demoted.size > 0)
      .map(({ site, demoted }) =>
        alert('NODES_UNCONFIRMED', 'warning', [site, String(demoted.size), String(lastOn(demoted, fleet))]),
      ),
  ]
}

/** Whether nothing of a site is in contact, though nobody stopped it all. */
export function isLost({ nodes, contacts, stopped }: SiteCount): boolean {
  return contacts.connected === 0 && nodes > stopped
}

/** Instances that are called only when nothing better is left. */
function lastOn(nodes: Iterable<string>, fleet: FleetView): number {
  let count = 0
  for (const node of nodes) {
    for (const id of fleet.instancesOfNode(node)) if (fleet.standing(id)?.routable === 'last') count += 1
  }
  return count
}

function alert(code: AlertCode, severity: AlertView['severity'], values: readonly string[], since?: number): AlertView {
  const params = Object.fromEntries(alertParameters[code].map((name, at) => [name, values[at] ?? '']))
  return { code, severity, params, ...(since === undefined ? {} : { since: isoTime(since) }), ...catalogue[code] }
}
