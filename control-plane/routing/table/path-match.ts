import type { PathChange, PathMatch } from '../table.ts'

/** What a path gave for the named parts of a template. */
export type Parts = ReadonlyMap<string, string>

/** Whether a path in its normal form is taken, and if so, with which named parts. */
export function matchPath(match: PathMatch, path: string): Parts | undefined {
  const bare = path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path
  switch (match.kind) {
    case 'exact':
      return bare === match.path ? noParts : undefined
    case 'prefix':
      return match.path === '/' || path === match.path || path.startsWith(`${match.path}/`) ? noParts : undefined
    case 'template':
      return templateParts(match.path, bare)
  }
}

const noParts: Parts = new Map()

function templateParts(template: string, path: string): Parts | undefined {
  const wanted = template.split('/')
  const given = path.split('/')
  if (wanted.length !== given.length) return undefined
  const parts = new Map<string, string>()
  for (const [place, part] of wanted.entries()) {
    const value = given[place] ?? ''
    if (!part.startsWith('{')) {
      if (part !== value) return undefined
    } else if (value === '') return undefined
    else parts.set(part.slice(1, -1), value)
  }
  return parts
}

/** The path that an instance sees. */
export function changePath(change: PathChange, match: PathMatch, path: string, parts: Parts): string {
  if (change.kind === 'keep' || (change.kind === 'strip' && match.path === '/')) return path
  // What is below a prefix stays as it is; nothing is below the others, and of them only the bare path is replaced.
  const rest = match.kind !== 'prefix' ? '' : match.path === '/' ? path : path.slice(match.path.length)
  if (change.kind === 'strip') return rest === '' ? '/' : rest
  const to = change.to.replaceAll(/\{(\w+)\}/g, (_, name: string) => parts.get(name) ?? '')
  if (rest === '' || rest === '/') return to === '/' || rest === '' ? to : `${to}/`
  return to === '/' ? rest : to + rest
}
