import type { Logger } from '../logging/logger.ts'
import type { Balance } from './balancer.ts'
import type { CircuitSettings } from './circuit.ts'

export type ClientOptions = {
  /** Addresses of control planes, such as `http://10.0.0.2:8888`; another one is asked when one does not answer. At least one. */
  readonly planes: readonly string[]
  /** The file of a token that may `fleet:read`, where planes ask for one; it is read each time, so another one may take its place. */
  readonly tokenFile?: string
  /** What is known is kept in this file, so that a start without a plane finds it. Its folder must be there. Default: not kept. */
  readonly cacheFile?: string
  /** Services that are followed from the start; others from their first call on. */
  readonly services?: readonly string[]
  /** `auto` (the default), or the cluster that every call wants unless it says otherwise. */
  readonly pin?: string
  readonly balance?: Balance
  /** How often a call that failed goes to another instance of its cluster; 1 by default. */
  readonly retries?: number
  /** Of a whole call; 15 s by default. */
  readonly timeoutMs?: number
  /** Until another instance is tried; 1 s by default. */
  readonly connectTimeoutMs?: number
  /** An idle connection is closed after this; 4 s by default, shorter than the keep-alive of servers. */
  readonly idleTimeoutMs?: number
  /** Bytes of an answer; a larger one counts as broken. 16 MiB by default. */
  readonly mostAnswerBytes?: number
  readonly breakers?: Partial<CircuitSettings>
  readonly log?: Logger
}

export type CallRequest = {
  /** GET by default. */
  readonly method?: string
  /** With its query; `/` by default. */
  readonly path?: string
  readonly headers?: Readonly<Record<string, string>>
  /** Kept until the call has ended, since it may be sent again. */
  readonly body?: string | Uint8Array
  /** The type of request by which the cluster is chosen; the name of the service by default. */
  readonly type?: string
  /** The cluster that is wanted. */
  readonly pin?: string
  /** Of the whole call, retries and fallback included. */
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
}

export const defaults = {
  pin: 'auto',
  balance: 'round_robin',
  retries: 1,
  timeoutMs: 15_000,
  connectTimeoutMs: 1_000,
  idleTimeoutMs: 4_000,
  mostAnswerBytes: 16 * 1024 * 1024,
  breakers: {
    instance: { failures: 3, forMs: 5_000, mostMs: 30_000 },
    cluster: { failures: 5, forMs: 1_000, mostMs: 10_000 },
  },
} as const satisfies Partial<ClientOptions>
