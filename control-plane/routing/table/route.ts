import type { Match } from './route-match.ts'
import type { RoutePolicy } from './route-policy.ts'
import type { Source } from './source.ts'
import type { Split } from './split.ts'

/**
 * What becomes of the path. strip: the prefix is taken off (`/api/x/y` becomes `/y`); keep: the path goes on as it came; rewrite: what the
 * route matched is replaced by `to`, and what is below a prefix follows it; `to` may name parts of a template.
 */
export type PathChange =
  | { readonly kind: 'strip' }
  | { readonly kind: 'keep' }
  | { readonly kind: 'rewrite'; readonly to: string }

/** One of the services that a route leads to. `service` may end in `*`: all instances of all services whose names begin so. */
export type Choice = { readonly service: string; readonly weight: number }

export type Forward = {
  readonly kind: 'forward'
  /** At least one. Each request goes to one of them, by weight (1 to 1000). */
  readonly choices: readonly Choice[]
  readonly path: PathChange
  /** For the whole answer; undefined: as long as it takes (streams), with at most five minutes between bytes. */
  readonly timeoutMs: number | undefined
  /** How often a refused or reset request goes to another instance. */
  readonly retries: number
  readonly websocket: boolean
  /** A copy of so many percent of the requests goes there, and its answer to nobody. */
  readonly mirror: { readonly service: string; readonly percent: number } | undefined
  /** Users are kept on their side of it, `choices` being what gets requests of users; left out: each request is drawn by itself. */
  readonly split?: Split
}

export type Action =
  | Forward
  | {
      readonly kind: 'redirect'
      readonly status: 301 | 302 | 307 | 308
      /** What is undefined stays as in the request. `path` replaces the whole path; the query stays. */
      readonly scheme: 'http' | 'https' | undefined
      readonly host: string | undefined
      readonly port: number | undefined
      readonly path: string | undefined
    }
  | { readonly kind: 'answer'; readonly status: number; readonly contentType: string; readonly body: string }

export type Route = {
  /** Unique within its gateway; counters and logs carry it. */
  readonly name: string
  readonly match: Match
  readonly action: Action
  readonly policy: RoutePolicy
  readonly source: Source
}
