import { createHash } from 'node:crypto'
import { setImmediate as turn } from 'node:timers/promises'
import type { DiscoveredView, TargetsView } from '#shared/protocol/discovery-list.ts'
import type { EntryTexts } from './entry-texts.ts'
import type { LeadLists } from './lead-lists.ts'
import { fits, isBasicServer, type Narrowing } from './views.ts'

/** discovery: for clients · targets: for Prometheus */
export type Form = 'discovery' | 'targets'

/**
 * An answer, ready to be sent: JSON in UTF-8. Equal content has an equal tag. It is kept for as long as it holds, and outside of V8's heap,
 * where each collection of garbage would carry it from place to place.
 */
export type Rendering = { readonly body: Buffer; readonly etag: string }

/** Entries that are made before others get their turn. */
const chunk = 100

/** All that fits, as text; a part at a time, since ten thousand instances are some megabytes. */
export async function render(
  form: Form,
  narrowing: Narrowing,
  { entries, lists: leads }: { readonly entries: EntryTexts; readonly lists: LeadLists },
): Promise<Rendering> {
  const lists: Record<'basic' | 'other', string[]> = { basic: [], other: [] }
  const digests: string[] = []
  const all = leads.of(narrowing.service)
  for (const [place, lead] of all.entries()) {
    if (place > 0 && place % chunk === 0) await turn()
    const entry = entries.of(lead)
    if (!entry || !fits(entry.view, narrowing)) continue
    const { view } = entry
    const text = form === 'discovery' ? entry.text : JSON.stringify(target(view))
    digests.push(form === 'discovery' ? entry.digest : text)
    lists[form === 'discovery' && isBasicServer(view) ? 'basic' : 'other'].push(text)
  }
  const { basic, other } = lists
  const text =
    form === 'targets'
      ? `[${other.join(',')}]`
      : `{"basic_servers":[${basic.join(',')}],"zervi_services":[${other.join(',')}],"total_services":${basic.length + other.length}}`
  const digest = createHash('sha256').update(digests.join('\n')).digest('base64url')
  return { body: Buffer.from(text), etag: `"${digest.slice(0, 22)}"` }
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
