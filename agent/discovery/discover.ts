import { isDeepStrictEqual } from 'node:util'
import type { KnownPort } from '#shared/config/known-ports.ts'
import type { Place } from '#shared/host/listeners.ts'
import { Wake } from '#shared/lifecycle/wake.ts'
import type { Logger } from '#shared/logging/logger.ts'
import type { Decision, Discovered } from '#shared/protocol/discovery.ts'
import type { ServiceConfig } from '../checks/config.ts'
import type { InstanceState } from '../checks/instances.ts'
import { adoptedBeside, type Book, serviceOf } from './book.ts'
import { type DiscoveryConfig, portTable } from './config.ts'
import { type Findings, foundId } from './findings.ts'
import { writeBook } from './keep-book.ts'
import { logStep } from './log-step.ts'
import { overviewOf } from './overview.ts'
import { withDecisions, withoutGone, withPolicy } from './settlement.ts'
import { Surroundings } from './surroundings.ts'
import { newsOf } from './tell.ts'

export type DiscoveryParts = {
  readonly settings: DiscoveryConfig
  /** As it was kept on disk. */
  readonly book: Book
  readonly stateDir: string
  readonly planes: readonly string[]
  readonly node: { readonly id: string; readonly cluster: string | undefined; readonly address: () => string }
  readonly declared: () => readonly ServiceConfig[]
  /** The instances that are looked after now, with their verdicts. */
  readonly states: () => readonly InstanceState[]
  /** What is adopted has changed: make it what is looked after. */
  readonly onAdopted: () => void
  /** Tells the plane; false if there is no session. */
  readonly send: (message: Discovered) => boolean
  readonly log: Logger
}

/** Finds the services of this host that nobody declared, and does with them what policy and operators say. */
export class Discovery {
  readonly #parts: DiscoveryParts
  readonly #surroundings: Surroundings
  readonly #table: readonly KnownPort[]
  #book: Book
  #decisions: Readonly<Record<string, Decision>> = {}
  readonly #wake = new Wake()
  /** By which it was looked around last. */
  #policy: object | undefined
  #told: string | undefined
  /** One after the other: each step reads what the one before has written. */
  #last: Promise<void> = Promise.resolve()

  constructor(parts: DiscoveryParts) {
    const { settings, node, planes, stateDir, log } = parts
    this.#parts = parts
    this.#book = parts.book
    this.#table = portTable(settings)
    this.#surroundings = new Surroundings({
      settings,
      table: this.#table,
      planes,
      stateDir,
      address: node.address,
      log,
    })
  }

  /** What is looked after besides what is declared. It is known from the first moment, so that no report withdraws it. */
  services(declared: readonly ServiceConfig[]): readonly ServiceConfig[] {
    return this.#parts.settings.enabled ? adoptedBeside(this.#book, declared).map(serviceOf) : []
  }

  /** Looks around until `stop`: at once, then every now and then, and at once when another policy holds. */
  async run(stop: AbortSignal): Promise<void> {
    const { settings, log } = this.#parts
    if (!settings.enabled) return
    while (!stop.aborted) {
      this.#policy = policyIn(settings)
      try {
        await this.#surroundings.look((place) => this.#isKnown(place), stop)
        if (!stop.aborted) await this.#settleNext()
      } catch (err) {
        log.warn({ err }, 'looking for services failed; it is tried again')
      }
      await this.#wake.next(settings.every, stop)
    }
    await this.#last
  }

  /** What operators decided, as the plane hands it down. */
  decided(decisions: Readonly<Record<string, Decision>> | undefined): void {
    this.#decisions = decisions ?? {}
    if (this.#parts.settings.enabled && Object.keys(this.#decisions).length > 0) void this.#settleNext()
  }

  /** Settings have changed: what another policy says of what listens is not to wait for the next round. */
  settingsChanged(): void {
    if (this.#policy && !isDeepStrictEqual(this.#policy, policyIn(this.#parts.settings))) this.#wake.ring()
  }

  /** A new session knows nothing yet. */
  tellAgain(): void {
    this.#told = undefined
    if (this.#parts.settings.enabled && this.#surroundings.seen) this.#tell()
  }

  /** Whether a place needs no look: somebody looks after it here already. */
  #isKnown(place: Place): boolean {
    const { node, declared } = this.#parts
    if (declared().some(({ port }) => port === place.port)) return true
    return Object.hasOwn(this.#book.adopted, foundId(place, node.id))
  }

  #settleNext(): Promise<void> {
    const { log } = this.#parts
    this.#last = this.#last
      .then(() => this.#settle())
      .catch((err: unknown) => log.error({ err }, 'what was discovered could not be kept; it is tried again'))
    return this.#last
  }

  /** Makes the book what it should be, on disk first, then what is looked after, then what the plane knows. */
  async #settle(): Promise<void> {
    const { stateDir, onAdopted } = this.#parts
    const before = this.#book
    const next = this.#settled(before)
    if (next !== before) {
      await writeBook(stateDir, next)
      this.#book = next
      onAdopted()
    }
    this.#tell()
  }

  #settled(book: Book): Book {
    const { settings, log } = this.#parts
    const findings = this.#findings
    const listens = (port: number) => this.#surroundings.listens(port)
    const nothing = { book, steps: [] }
    const gone = this.#surroundings.seen ? withoutGone(book, listens, Date.now(), settings.forget_after) : nothing
    const decided = withDecisions(gone.book, this.#decisions, findings)
    const adopted = withPolicy(decided.book, findings)
    for (const step of [...gone.steps, ...decided.steps, ...adopted.steps]) logStep(step, log)
    return adopted.book
  }

  get #findings(): Findings {
    const { settings, node, declared } = this.#parts
    const { places, visited, rivals, rounds } = this.#surroundings
    return {
      node: { ...node, address: node.address() },
      settings,
      table: this.#table,
      declared: declared(),
      places,
      processAt: (place) => this.#surroundings.processAt(place),
      visited,
      rivals,
      rounds,
    }
  }

  #tell(): void {
    const { states, send } = this.#parts
    const message = overviewOf(this.#book, this.#findings, states(), Date.now())
    const news = newsOf(message)
    if (news !== this.#told && send(message)) this.#told = news
  }
}

function policyIn({ policy, default: otherwise }: DiscoveryConfig): object {
  return { policy, otherwise }
}
