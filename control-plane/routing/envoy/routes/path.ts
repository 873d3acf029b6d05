import type { PathMatch } from '../../table.ts'
import type { Json } from '../json.ts'
import { quoted } from './regex.ts'

/** Which paths a route takes, as Envoy's matcher. What it compares has no query and is in its normal form. */
export function pathMatcher(match: PathMatch): Json {
  if (match.kind === 'prefix') return match.path === '/' ? { prefix: '/' } : { path_separated_prefix: match.path }
  return { safe_regex: { regex: wholePath(match) } }
}

/**
 * An exact path or a template as a regular expression, with or without a slash at its end.
 * @param capture the named parts that are to be captured
 */
export function wholePath({ path }: PathMatch, capture: readonly string[] = []): string {
  // Of a path that is nothing but slashes Envoy leaves two.
  if (path === '/') return '//?'
  const parts = path.split('/').map((part) => {
    if (!part.startsWith('{')) return quoted(part)
    return capture.includes(part.slice(1, -1)) ? '([^/]+)' : '[^/]+'
  })
  return `${parts.join('/')}/?`
}
