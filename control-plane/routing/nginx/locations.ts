import type { Route } from '../table.ts'

/** What an nginx location takes: one path exactly, or everything below one that ends with a slash. */
export type Location =
  | { readonly match: 'exact' | 'below'; readonly path: string; readonly route: Route }
  /** Nothing leads here. */
  | { readonly match: 'below'; readonly path: '/'; readonly route: undefined }

/**
 * The locations that make nginx route by whole parts of a path: `/api/users` takes `/api/users` and what is below it, but
 * not `/api/users2`; the longest prefix wins. By path, so that equal routes give equal text.
 */
export function locationsOf(routes: readonly Route[]): readonly Location[] {
  const exact = new Map<string, Location>()
  const below = new Map<string, Location>()
  for (const route of routes) {
    const whole = route.prefix.endsWith('/') ? route.prefix : `${route.prefix}/`
    if (!below.has(whole)) below.set(whole, { match: 'below', path: whole, route })
    // Without this one nginx would answer the bare path with a redirect of its own.
    const bare = whole.slice(0, -1)
    if (bare !== '' && !exact.has(bare)) exact.set(bare, { match: 'exact', path: bare, route })
  }
  if (!below.has('/')) below.set('/', { match: 'below', path: '/', route: undefined })
  return [...exact.values(), ...below.values()].sort(
    (a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0) || (a.match < b.match ? -1 : 1),
  )
}
