import type { Route } from '../../table.ts'

/** Names that a request may come for, and the routes that may take it, in the table's order. */
export type VirtualHost = { readonly domains: readonly string[]; readonly routes: readonly Route[] }

/**
 * Envoy chooses one virtual host by the name alone (the name itself, then the longest pattern, then any) and never looks at another. So
 * each has all the routes that may take a request for its names: its own, those of patterns that cover it, and those of any host.
 */
export function virtualHosts(routes: readonly Route[]): readonly VirtualHost[] {
  const named = [...new Set(routes.flatMap(({ match }) => match.hosts))].sort()
  const byRoutes = new Map<string, { readonly domains: string[]; readonly routes: readonly Route[] }>()
  for (const domain of ['*', ...named]) {
    const taking = routes.filter(
      ({ match: { hosts } }) => hosts.length === 0 || hosts.some((host) => covers(host, domain)),
    )
    const key = JSON.stringify(taking.map(({ name }) => name))
    const same = byRoutes.get(key)
    if (same) same.domains.push(domain)
    else byRoutes.set(key, { domains: [domain], routes: taking })
  }
  return [...byRoutes.values()]
}

/** Whether a pattern takes all requests that Envoy sends to the virtual host of a domain. */
function covers(pattern: string, domain: string): boolean {
  if (!pattern.startsWith('*.')) return pattern === domain
  const end = pattern.slice(1)
  return domain.startsWith('*.') ? domain.slice(1).endsWith(end) : domain.length > end.length && domain.endsWith(end)
}
