import { declaredPath } from '../routes/draft.ts'

/** What becomes of the path, as a declaration says it. */
export type PathChange = 'keep' | 'strip' | { readonly rewrite: string }

/** `note`: what is not quite as it was. `why`: it cannot be said in a declaration. */
export type CarriedPath = { readonly path: PathChange; readonly note?: string } | { readonly why: string }

/**
 * What `proxy_pass` does to the path. nginx puts its URI in the place of the very text of the location, so that a slash at the end of
 * one of them decides: without a URI the path is kept; `/a/` to `/` strips, to `/b/` rewrites, to `/b` glues what follows to it; `/a` to
 * `/` doubles a slash, to `/b` rewrites.
 * @param location its text; @param uri what stands behind the upstream's name; empty: nothing
 */
export function proxiedPath(location: string, uri: string, exact = false): CarriedPath {
  if (uri === '' || uri === '$request_uri') return { path: 'keep' }
  if (uri.includes('$')) return { why: 'the path that the upstream sees is made of variables' }
  if (/[?#]/.test(uri)) return { why: 'a query cannot be added' }
  const from = declaredPath(location)
  const to = declaredPath(uri)
  if (from === undefined) return { why: 'this path cannot be declared' }
  if (to === undefined) return { why: `"${uri}" cannot be declared as a path` }
  if (exact) {
    const changed = from === to ? 'keep' : { rewrite: to }
    return uri.length > 1 && uri.endsWith('/') !== location.endsWith('/')
      ? { path: { rewrite: to }, note: `the instance sees ${to}, where the upstream saw ${uri}` }
      : { path: changed }
  }
  const below = location.endsWith('/')
  const ends = uri.endsWith('/')
  if (below && !ends) {
    return {
      why: `what follows was glued to ${uri} (${location}x became ${uri}x): a path is rewritten part by part. If ${uri}/ was meant, correct it`,
    }
  }
  const path = from === to ? 'keep' : to === '/' ? 'strip' : { rewrite: to }
  return !below && ends
    ? { path, note: `${location}/x reached the upstream as ${uri}/x, with a doubled slash; the instance sees ${uri}x` }
    : { path }
}

/** A `rewrite` with `break` of everything below one path: which path, and what becomes of it. */
export function rewrittenPath(
  pattern: string,
  replacement: string,
): { readonly below: string; readonly path: PathChange } | undefined {
  const [, open, literal] =
    /^\^((?:\/[A-Za-z0-9_~%-]+(?:\\?\.[A-Za-z0-9_~-]+)*)+)(\/\(\.\*\)|\(\/\.\*\)|\/\(\.\+\))\$?$/.exec(pattern) ?? []
  if (open === undefined || literal === undefined) return undefined
  const below = declaredPath(open.replaceAll('\\.', '.'))
  const [, to] = /^(.*?)\$1$/.exec(replacement) ?? []
  if (below === undefined || to === undefined || to.includes('$')) return undefined
  // With the slash in the group, what stands before must not end in one; without it, it must.
  const slashInGroup = literal.startsWith('(')
  if (to === '' ? !slashInGroup : to.endsWith('/') === slashInGroup) return undefined
  const target = declaredPath(to === '' ? '/' : to)
  if (target === undefined) return undefined
  return { below, path: target === below ? 'keep' : target === '/' ? 'strip' : { rewrite: target } }
}
