import type { Forward, PathChange, PathMatch, RouteTable } from '../table.ts'
import type { Names } from './names.ts'
import { quoted } from './quote.ts'

/** The variable with the path that an instance sees of a route, and what defines it if it is not the path as it came. */
export function changedPath(
  { path: change }: Forward,
  match: PathMatch,
  index: number,
  names: Names,
): { readonly variable: string; readonly map: string | undefined } {
  const kept = names.variable('path')
  const changed = names.variable(`p${index}`)
  const [first, ...entries] = entriesOf(change, match)
  if (first === undefined) return { variable: kept, map: undefined }
  const lines = [`default ${first}`, ...entries].map((entry) => `    ${entry};`)
  return { variable: changed, map: `map $${kept} $${changed} {\n${lines.join('\n')}\n}` }
}

/** The definitions for all routes of a table. */
export function changedPaths({ routes }: Pick<RouteTable, 'routes'>, names: Names): readonly string[] {
  return routes.flatMap(({ action, match }, index) =>
    action.kind === 'forward' ? (changedPath(action, match.path, index, names).map ?? []) : [],
  )
}

/**
 * What stands for paths, first for those that no pattern of the others takes; empty: the path as it came. The route takes whole parts, so
 * that what it took is told by their number, however they are escaped.
 */
function entriesOf(change: PathChange, match: PathMatch): readonly string[] {
  if (change.kind === 'keep' || (change.kind === 'strip' && match.path === '/')) return []
  const to = change.kind === 'strip' ? '/' : change.to
  if (match.kind === 'template') return templateEntries(to, match.path)
  if (match.kind === 'exact') return [quoted(to)]
  const count = match.path === '/' ? 0 : match.path.split('/').length - 1
  return [quoted(to), `${quoted(`~^(?:/[^/]+){${count}}(/.*)`)} ${quoted(`${to === '/' ? '' : to}$1`)}`]
}

function templateEntries(to: string, template: string): readonly string[] {
  const parts = template.slice(1).split('/')
  const variable = (part: string) => `heddle_part_${parts.indexOf(part)}`
  const needed = new Set(to.match(/\{\w+\}/g))
  if (needed.size === 0) return [quoted(to)]
  const pattern = parts.map((part) => (needed.has(part) ? `/(?<${variable(part)}>[^/]+)` : '/[^/]+')).join('')
  const filled = to.replaceAll(/\{\w+\}/g, (part) => `\${${variable(part)}}`)
  return ['""', `${quoted(`~^${pattern}/?$`)} ${quoted(filled)}`]
}
