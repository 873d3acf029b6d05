import type { PathChange, PathMatch } from '../../table.ts'
import type { Json } from '../json.ts'
import { wholePath } from './path.ts'
import { quoted } from './regex.ts'

/** So many captured parts a substitution may name. */
const mostParts = 9

/**
 * What becomes of the path before it goes to an instance, as fields of Envoy's route; undefined: Envoy cannot do it. The query stays.
 * Regular expressions throughout: prefix_rewrite would make "//x" of "/api/x".
 */
export function pathRewrite(change: PathChange, match: PathMatch): Json | undefined {
  const to = change.kind === 'rewrite' ? change.to : '/'
  if (match.path === '/') return ofRoot(change.kind === 'rewrite' && match.kind === 'exact' ? to : `${to}/`, match)
  if (change.kind === 'keep') return {}
  if (match.kind !== 'prefix') return ofWhole(match, to)
  return to === '/' ? rewrite(`^${quoted(match.path)}/?`, '/') : rewrite(`^${quoted(match.path)}`, to)
}

/** Nothing is below what was matched: the whole path is replaced, named parts put in. */
function ofWhole(match: PathMatch, to: string): Json | undefined {
  const named = [...match.path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name)
  const wanted = new Set([...to.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name))
  const captured = named.filter((name) => wanted.has(name))
  if (captured.length > mostParts) return undefined
  const substitution = to.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    return captured.includes(name) ? `\\${captured.indexOf(name) + 1}` : ''
  })
  return rewrite(`^${wholePath(match, captured)}$`, substitution)
}

/** Of a path that is nothing but slashes Envoy leaves two: one is meant. */
function ofRoot(to: string, { kind }: PathMatch): Json {
  if (to === '//') return rewrite('^//$', '/')
  return rewrite(kind === 'exact' ? '^//?$' : '^//?', to)
}

function rewrite(regex: string, substitution: string): Json {
  return { regex_rewrite: { pattern: { regex }, substitution } }
}
