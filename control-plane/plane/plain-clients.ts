import type { IncomingMessage, ServerResponse } from 'node:http'
import { answerHeaders } from '#shared/http/answer-headers.ts'
import { type Listening, listen } from '#shared/http/listen.ts'
import { addressesIn } from '#shared/identity/ranges.ts'
import type { Logger } from '#shared/logging/logger.ts'
import { askedOf } from '../access/find-operation.ts'
import type { PlainLimits } from '../ingest/cluster-api/plain-limits.ts'
import type { CallHandler } from '../ingest/cluster-api/serve-calls.ts'
import type { PlainConfig } from '../ingest/config.ts'
import { callLimits, GuardedServer } from './guard-server.ts'

const mostConnections = 2_000
/** Addresses that used it of late are shown. */
const mostKept = 1_000
const lateMs = 24 * 3_600_000

type Use = { count: number; at: number }

/** Old clients that speak neither TLS nor of who they are: a listener for some addresses and services, until a day. What it is used for is counted. */
export class PlainClients {
  readonly #config: PlainConfig
  readonly #log: Logger
  readonly #now: () => number
  readonly #holds: (address: string) => boolean
  readonly #limits: PlainLimits
  readonly #limited = new WeakSet<IncomingMessage>()
  readonly #used = new Map<string, Use>()
  readonly #refused = new Map<string, number>()
  #answered = 0

  /** @param now epoch milliseconds */
  constructor(config: PlainConfig, log: Logger, now: () => number = Date.now) {
    this.#config = config
    this.#log = log
    this.#now = now
    this.#holds = addressesIn(config.ranges)
    this.#limits = { services: config.services, holds: this.#holds, onRefused: (why) => this.#count(why) }
  }

  /** The limits of a request that came by this listener. */
  readonly limitsOf = (request: IncomingMessage): PlainLimits | undefined =>
    this.#limited.has(request) ? this.#limits : undefined

  /** Begins to answer. Rejects with PORT_TAKEN. */
  async listen(answer: CallHandler): Promise<Listening> {
    const guarded = new GuardedServer({ ...callLimits, connections: mostConnections })
    guarded.serve((request, response) => this.answer(request, response, answer))
    const { address, port, until, services } = this.#config
    const listening = await listen(guarded.server, { address, port }, 'ingest.clients.plain.port')
    this.#log.warn(
      { address, port: listening.port, services, until },
      'old clients are answered without TLS and without being known',
    )
    return listening
  }

  answer(request: IncomingMessage, response: ServerResponse, answer: CallHandler): void {
    const from = request.socket.remoteAddress ?? ''
    const now = this.#now()
    const refusal = this.#refusalOf(from, now)
    if (refusal) {
      this.#refuse(response, ...refusal)
      return
    }
    // What it is not for goes no further, whoever would refuse it there.
    const { path, ofOld } = askedOf(request)
    if (!ofOld && !path.startsWith('/cluster/') && path !== '/health') {
      this.#refuseCall(response)
      return
    }
    this.#limited.add(request)
    this.#answered += 1
    const use = this.#used.get(from) ?? { count: 0, at: 0 }
    this.#used.delete(from)
    this.#used.set(from, { count: use.count + 1, at: now })
    const [oldest] = this.#used.keys()
    if (this.#used.size > mostKept && oldest !== undefined) this.#used.delete(oldest)
    answer(request, response, () => this.#refuseCall(response))
  }

  /** Since the start. */
  counts(): Readonly<Record<string, number>> {
    const refused = [...this.#refused].map(([why, count]) => [`plain_refused_${why}`, count])
    return { plain_answered: this.#answered, ...Object.fromEntries(refused) }
  }

  /** Who uses it, for whoever is to end that. */
  problems(): readonly string[] {
    const now = this.#now()
    const { until, address, port } = this.#config
    if (now >= Date.parse(until))
      return [
        `PLAIN_CLIENTS: the listener ${address}:${port} for old clients ended at ${until}: take \`ingest.clients.plain\` out of the configuration.`,
      ]
    const late = [...this.#used].filter(([, use]) => now - use.at < lateMs).map(([from]) => from)
    if (late.length === 0) return []
    const named = late.slice(-5).reverse().join(', ')
    return [
      `PLAIN_CLIENTS: ${late.length} addresses (${named}) used the listener ${address}:${port} for old clients within a day; it ends at ${until}.`,
    ]
  }

  /** Why nobody is answered, or this one is not: in one word, and for people. */
  #refusalOf(from: string, now: number): readonly [why: string, detail: string] | undefined {
    const { until } = this.#config
    if (now >= Date.parse(until)) return ['over', `this listener ended at ${until}`]
    if (!this.#holds(from)) return ['address', `${from} is not among the addresses that it is for`]
    return undefined
  }

  #refuseCall(response: ServerResponse): void {
    this.#refuse(response, 'call', 'only registrations, beats, measurements and sign-offs are answered here')
  }

  #count(why: string): void {
    this.#refused.set(why, (this.#refused.get(why) ?? 0) + 1)
  }

  #refuse(response: ServerResponse, why: string, detail: string): void {
    this.#count(why)
    response.writeHead(403, { ...answerHeaders, 'content-type': 'application/json', connection: 'close' })
    response.end(JSON.stringify({ success: false, error: detail, message: detail }))
  }
}
