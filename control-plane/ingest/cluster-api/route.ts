import { Refusal } from './refusal.ts'

/** One request, taken apart. */
export type Call = {
  readonly method: string
  readonly path: string
  /** What stands in the path where the route has a `:name`, decoded, in that order. */
  readonly parameters: readonly string[]
  readonly query: URLSearchParams
  /** The address that it came from. */
  readonly from: string
  /** The JSON of the body; undefined: there is none. */
  readonly body: unknown
  /** Its header. */
  readonly ifMatch: string | undefined
}

export type Reply = {
  readonly status: number
  /** An object, or JSON that is ready. */
  readonly body: object | string
  /** The version of what it is about. */
  readonly etag?: string
}

export type Route = {
  readonly methods: readonly string[]
  /** `/cluster/heartbeat/:id` */
  readonly path: string
  /** Bytes of a body that are read; undefined: as the settings say. */
  readonly mostBytes?: number
  /** Answered also while the journal is being loaded. */
  readonly early?: boolean
  /** One thing, which is not sent again to who has it. */
  readonly versioned?: boolean
  /** It minds `If-Match`; elsewhere a change that is to hold for one version only is refused. */
  readonly conditional?: boolean
  /** The services that a call concerns, and where it says they are, where old clients may make it who are not known; left out: they may not. */
  readonly plain?: (call: Call) => readonly { readonly service: string; readonly address?: string }[]
  readonly answer: (call: Call) => Reply | Promise<Reply>
}

export type Found = { readonly route: Route; readonly parameters: readonly string[] }

type Split = { readonly route: Route; readonly segments: readonly string[] }

/** Which route answers a path. Fixed words go before parameters; the routes that are listed first are found first. */
export class RouteTable {
  readonly #bySize = new Map<number, Split[]>()

  constructor(routes: readonly Route[]) {
    for (const route of routes) {
      const segments = route.path.split('/')
      this.#bySize.getOrInsertComputed(segments.length, () => []).push({ route, segments })
    }
  }

  /**
   * Undefined: no route has such a path. Throws a refusal: 405 where there are only other methods, 400 where the path cannot be
   * decoded.
   */
  find(method: string, path: string): Found | undefined {
    const segments = path.split('/')
    const others: Route[] = []
    for (const { route, segments: pattern } of this.#bySize.get(segments.length) ?? []) {
      if (!fits(pattern, segments)) continue
      if (route.methods.includes(method)) return { route, parameters: parametersOf(pattern, segments) }
      others.push(route)
    }
    if (others.length === 0) return undefined
    const allow = [...new Set(others.flatMap(({ methods }) => methods))].join(', ')
    throw new Refusal(405, `${path} takes ${allow}`, [{ field: '(method)', message: `expected ${allow}` }], {
      remedy: `Send it by ${allow}.`,
      headers: { allow },
    })
  }
}

function fits(pattern: readonly string[], segments: readonly string[]): boolean {
  return pattern.every((word, index) => (word.startsWith(':') ? segments[index] !== '' : word === segments[index]))
}

function parametersOf(pattern: readonly string[], segments: readonly string[]): readonly string[] {
  const parameters: string[] = []
  for (const [index, word] of pattern.entries()) {
    if (word.startsWith(':')) parameters.push(decoded(segments[index] ?? '', word.slice(1)))
  }
  return parameters
}

function decoded(segment: string, name: string): string {
  if (!segment.includes('%')) return segment
  try {
    return decodeURIComponent(segment)
  } catch {
    throw new Refusal(400, 'the path cannot be decoded', [
      { field: name, message: 'expected text in UTF-8, its special characters as %XX' },
    ])
  }
}
