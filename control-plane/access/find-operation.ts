import type { Operation } from './matrix.ts'

/** What a request asks for, as both dispatchers read it: without its query, a slash at its end, or a host before its path. */
export type Asked = {
  readonly method: string
  readonly path: string
  readonly query: string
  /** Asked without `/v1` as clients of old do, who are refused in the words of the registry. */
  readonly ofOld: boolean
}

export function askedOf({
  method = 'GET',
  url = '/',
}: {
  readonly method?: string | undefined
  readonly url?: string | undefined
}): Asked {
  const target = url.startsWith('/') ? url : url.replace(/^[a-z]+:\/\/[^/?]*/i, '')
  const at = target.indexOf('?')
  const path = at < 0 ? target : target.slice(0, at)
  const plain = path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path
  return {
    method: method === 'HEAD' ? 'GET' : method,
    path: plain.startsWith('/v1/cluster/') ? plain.slice('/v1'.length) : plain,
    query: at < 0 ? '' : target.slice(at + 1),
    ofOld: plain === '/cluster' || plain.startsWith('/cluster/'),
  }
}

/** What a path may hold: the rest, such as `\\` and `#`, one reader takes for a part of a name and another one for the end of it. */
const inPath = /^\/[A-Za-z0-9._~!$&'()*+,;=:@%/"<>^`{|}[\]-]*$/
/** A segment of dots alone. */
const dots = /\/(?:\.|%2e){1,2}(?:\/|$)/i

/**
 * The path and query of a request as everybody behind the guard is to read them: without a host before them. Undefined: two readers might
 * read it differently, and what is let through might be answered as something else.
 */
export function plainTarget(url = '/'): string | undefined {
  const target = url.startsWith('/') ? url : withoutHost(url)
  const at = target.indexOf('?')
  const path = at < 0 ? target : target.slice(0, at)
  if (!inPath.test(path) || target.includes('#') || dots.test(path)) return undefined
  return target
}

function withoutHost(url: string): string {
  const [, afterHost] = /^https?:\/\/[^/?]*(.*)$/is.exec(url) ?? []
  return afterHost === undefined || afterHost.startsWith('/') ? (afterHost ?? url) : `/${afterHost}`
}

type Split = { readonly operation: Operation; readonly segments: readonly string[]; readonly fixed: number }

/** Finds the row of a request. Of several that fit the one with most fixed words does, so what it finds is what is answered. */
export class OperationTable {
  readonly #bySize = new Map<string, Split[]>()

  constructor(operations: readonly Operation[]) {
    for (const operation of operations) {
      const segments = operation.path.split('/')
      const fixed = segments.filter((word) => !word.startsWith(':')).length
      const key = `${operation.method} ${segments.length}`
      this.#bySize.getOrInsertComputed(key, () => []).push({ operation, segments, fixed })
    }
    for (const each of this.#bySize.values()) each.sort((a, b) => b.fixed - a.fixed)
  }

  find({ method, path }: Pick<Asked, 'method' | 'path'>): Operation | undefined {
    const segments = path.split('/')
    const candidates = this.#bySize.get(`${method} ${segments.length}`) ?? []
    return candidates.find(({ segments: pattern }) => fits(pattern, segments))?.operation
  }
}

function fits(pattern: readonly string[], segments: readonly string[]): boolean {
  return pattern.every((word, index) => (word.startsWith(':') ? segments[index] !== '' : word === segments[index]))
}
