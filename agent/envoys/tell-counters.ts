import type { Counter, Counters } from '#shared/protocol/traffic.ts'
import { askText, lineCutter } from './ask-text.ts'
import { type CounterKind, EnvoyCounters, statsFilter } from './counters.ts'
import { type EnvoyIdentity, readEnvoyIdentity } from './read-identity.ts'

const statsPath = `/stats?usedonly&histogram_buckets=detailed&filter=${encodeURIComponent(statsFilter)}`
const answerWithinMs = 10_000
/** Of one kind in one message: with long names still less than a session takes, which else would be cut. */
const mostAtOnce = 300
/** Younger than this, an Envoy may have been started anew without its age telling so. */
const youngS = 60

type Known = {
  readonly identity: EnvoyIdentity
  /** In seconds. */
  readonly uptime: number
  /** What was heard of each counter last. */
  readonly told: Map<string, string>
}

/** Tells what one Envoy counts, from its admin page. */
export class CounterTelling {
  readonly #admin: string
  readonly #gateway: string
  #known: Known | undefined

  constructor(gateway: string, admin: string) {
    this.#gateway = gateway
    this.#admin = admin
  }

  /** Has everything told again: whoever hears it now may not know it. */
  again(): void {
    this.#known?.told.clear()
  }

  /**
   * Looks, and tells what has moved since it was heard last. Rejects where the admin page does not answer, or where another gateway's Envoy
   * does.
   * @param send answers false where nobody hears it: then it is told again
   */
  async look(send: (counters: Counters) => boolean, stop: AbortSignal): Promise<void> {
    const first = await this.#identity()
    const seen = new EnvoyCounters()
    const lines = lineCutter((line) => seen.add(line))
    await askText(this.#admin, statsPath, (text) => lines.take(text), { withinMs: answerWithinMs, stop })
    lines.end()
    const known = await this.#confirm(first, seen.uptime)
    // Whose figures these are is not known; there are others in a moment.
    if (!known) return
    const { envoy, life } = known.identity
    const head = { type: 'counters', gateway: this.#gateway, envoy, life, upMs: known.uptime * 1000 } as const
    const moved = (kind: CounterKind) =>
      seen.of(kind).filter((counter) => known.told.get(keyOf(kind, counter)) !== textOf(counter))
    const [routes, services, listeners] = [moved('routes'), moved('services'), moved('listeners')]
    // Listeners come with the last of it: whoever takes routes from them then has all of those.
    const rounds = Math.max(1, Math.ceil(Math.max(routes.length, services.length) / mostAtOnce))
    for (let round = 0; round < rounds; round += 1) {
      const part = (all: readonly Counter[]) => all.slice(round * mostAtOnce, (round + 1) * mostAtOnce)
      const told = {
        routes: part(routes),
        services: part(services),
        listeners: round === rounds - 1 ? listeners.slice(0, mostAtOnce) : [],
      }
      if (!send({ ...head, ...told })) return
      for (const kind of ['routes', 'services', 'listeners'] as const) {
        for (const counter of told[kind]) known.told.set(keyOf(kind, counter), textOf(counter))
      }
    }
  }

  /** Who was there last, if it has been there for long; otherwise who is there now. */
  async #identity(): Promise<EnvoyIdentity> {
    const known = this.#known
    if (known && known.uptime >= youngS) return known.identity
    const identity = await readEnvoyIdentity(this.#admin)
    if (identity.gateway === this.#gateway) return identity
    throw new Error(
      `the Envoy at ${this.#admin} belongs to ${identity.gateway || 'no gateway'}, not to ${this.#gateway}`,
    )
  }

  /**
   * Whether the figures are of this Envoy, and of this life of it.
   * @param uptime as it stands among the figures, in seconds
   */
  async #confirm(identity: EnvoyIdentity, uptime = 0): Promise<Known | undefined> {
    const before = this.#known
    const grown = before !== undefined && uptime >= Math.max(before.uptime, youngS)
    if (!grown && (await readEnvoyIdentity(this.#admin)).life !== identity.life) {
      this.#known = undefined
      return undefined
    }
    const same = before?.identity.life === identity.life
    this.#known = { identity, uptime, told: same ? before.told : new Map() }
    return this.#known
  }
}

function keyOf(kind: CounterKind, { name }: Counter): string {
  return `${kind}/${name}`
}

function textOf({ requests, errors, totalMs }: Counter): string {
  return `${requests} ${errors} ${totalMs}`
}
