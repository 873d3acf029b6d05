import { explainRequest } from '#control-plane/routing/explain-request.ts'
import type { RouteTable } from '#control-plane/routing/table.ts'
import { plain } from './compare.ts'
import { asRouted, type Sent } from './request.ts'
import type { Seen } from './send.ts'

/** What proxies answer before they look at where a route leads. */
const turnedAway: readonly number[] = [401, 403, 413]

/**
 * How what `heddle explain` says of a request differs from what a proxy did with it; undefined: in nothing. Whether a token is
 * valid and a body too large is not asked there.
 */
export function explainedOtherwise(
  sent: Sent,
  { status, instance }: Seen,
  proxy: RouteTable['proxy'],
  table: RouteTable,
): string | undefined {
  const { client: _, ...asked } = asRouted(sent)
  const port = table.listeners[sent.listener]?.port
  const explained = explainRequest({ ...table, proxy }, { ...asked, port }, () => [])
  if (!explained) return 'explain knows no such listener'
  const { outcome, target, choices } = explained
  const differs = (what: string) => `explain says ${outcome}, and ${proxy} ${what}`
  if (instance) {
    if (outcome !== 'forwarded') return differs(`asked ${instance.service}`)
    const services = choices.flatMap(({ service, candidates }) => (candidates.length > 0 ? [service] : []))
    if (!services.includes(instance.service))
      return differs(`asked ${instance.service}, not one of ${services.join(', ')}`)
    return plain(instance.url) === plain(target ?? '') ? undefined : differs(`showed ${instance.url}, not ${target}`)
  }
  if (turnedAway.includes(status)) return explained.route ? undefined : differs(`answered ${status}`)
  const statuses: Readonly<Record<typeof outcome, readonly number[]>> = {
    refused: [400],
    no_route: [404],
    // One of several services may have nobody.
    ...{ no_instance: [503], forwarded: choices.length > 1 ? [503] : [], nothing_published: [] },
    answered: [status],
  }
  return statuses[outcome].includes(status) ? undefined : differs(`answered ${status}`)
}
