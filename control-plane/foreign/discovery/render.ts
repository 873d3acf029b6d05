import { createHash } from 'node:crypto'
import { setImmediate as turn } from 'node:timers/promises'
import type { DiscoveredView, TargetsView } from '#shared/protocol/discovery-list.ts'
import type { FleetView } from '../../fleet/fleet.ts'
import { leads } from './merge.ts'
import { discoveredView, fits, isBasicServer, type Narrowing } from './views.ts'

/** discovery: for clients · targets: for Prometheus */
export type Form = 'discovery' | 'targets'

/** An answer, ready to be sent. Equal content has an equal tag. */
export type Rendering = { readonly body: string; readonly etag: string }

/** Entries that are made before others get their turn. */
const chunk = 100

/** All that fits, as text; a part at a time, since ten thousand instances are some megabytes. */
export async function render(fleet: FleetView, form: Form, narrowing: Narrowing): Promise<Rendering> {
  const lists: Record<'basic' | 'other', string[]> = { basic: [], other: [] }
  const hash = createHash('sha256')
  const all = leads(fleet, narrowing.service)
  for (const [place, lead] of all.entries()) {
    if (place > 0 && place % chunk === 0) await turn()
    const view = discoveredView(lead, fleet)
    if (!view || !fits(view, narrowing)) continue
    const text = JSON.stringify(form === 'discovery' ? view : target(view))
    hash.update(text)
    lists[form === 'discovery' && isBasicServer(view) ? 'basic' : 'other'].push(text)
  }
  const { basic, other } = lists
  const body =
    form === 'targets'
      ? `[${other.join(',')}]`
      : `{"basic_servers":[${basic.join(',')}],"zervi_services":[${other.join(',')}],"total_services":${basic.length + other.length}}`
  return { body, etag: `"${hash.digest('base64url').slice(0, 22)}"` }
}

/** Health is left out: it changes often, and Prometheus finds out by itself. */
function target({
  id,
  service,
  type,
  address,
  port,
  cluster,
  tags,
  version,
  origin,
  node,
  datacenters,
}: DiscoveredView) {
  const host = address.includes(':') ? `[${address}]` : address
  const labels = { id, service, type, cluster, version, origin, node, datacenters: datacenters.join(',') }
  const group: TargetsView[number] = { targets: [`${host}:${port}`], labels: {} }
  for (const [name, value] of Object.entries(labels)) if (value !== '') group.labels[`__meta_heddle_${name}`] = value
  // As Prometheus writes lists into labels: with a separator on both ends, so that a pattern finds a whole word.
  if (tags.length > 0) group.labels.__meta_heddle_tags = `,${tags.join(',')},`
  return group
}
