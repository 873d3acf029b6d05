import type { KnownPort } from '#shared/config/known-ports.ts'
import type { Place } from '#shared/host/listeners.ts'
import { pause } from '#shared/lifecycle/repeat.ts'
import type { Logger } from '#shared/logging/logger.ts'
import type { Decision, Discovered } from '#shared/protocol/discovery.ts'
import { instanceId } from '#shared/protocol/identity.ts'
import type { ServiceConfig } from '../checks/config.ts'
import type { InstanceState } from '../checks/instances.ts'
import { isLoopback } from './address.ts'
import {
  type Adopted,
  adopt,
  adoptedBeside,
  type Book,
  copyOf,
  ignore,
  isDone,
  release,
  serviceOf,
  withListening,
} from './book.ts'
import { type DiscoveryConfig, portTable } from './config.ts'
import { conflictsOf, type Held } from './conflicts.ts'
import { adoptionOf, type Circumstances, type Subject, standingOf, whoIs } from './entry.ts'
import { writeBook } from './keep-book.ts'
import { recognise } from './recognise.ts'
import { claimOn, givesWay, waitsFor } from './rivals.ts'
import { Surroundings } from './surroundings.ts'
import { discoveredMessage, foundOfAdopted, foundOfSubject, newsOf } from './tell.ts'

/** Adopted by policy at most; the whole of a node is told in one message. */
const mostAdopted = 300

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
  #told: string | undefined
  /** One after the other: each step reads what the one before has written. */
  #last: Promise<void> = Promise.resolve()

  constructor(parts: DiscoveryParts) {
    const { settings, node, planes, log } = parts
    this.#parts = parts
    this.#book = parts.book
    this.#table = portTable(settings)
    this.#surroundings = new Surroundings({ settings, table: this.#table, planes, address: node.address, log })
  }

  /** What is looked after besides what is declared. It is known from the first moment, so that no report withdraws it. */
  services(declared: readonly ServiceConfig[]): readonly ServiceConfig[] {
    return this.#parts.settings.enabled ? adoptedBeside(this.#book, declared).map(serviceOf) : []
  }

  /** Looks around until `stop`: at once, then whenever something else listens than before. */
  async run(stop: AbortSignal): Promise<void> {
    const { settings, log } = this.#parts
    if (!settings.enabled) return
    while (!stop.aborted) {
      try {
        await this.#surroundings.look((place) => this.#isKnown(place), stop)
        if (!stop.aborted) await this.#settleNext()
      } catch (err) {
        log.warn({ err }, 'looking for services failed; it is tried again')
      }
      await pause(settings.every, stop)
    }
    await this.#last
  }

  /** What operators decided, as the plane hands it down. */
  decided(decisions: Readonly<Record<string, Decision>> | undefined): void {
    this.#decisions = decisions ?? {}
    if (this.#parts.settings.enabled && Object.keys(this.#decisions).length > 0) void this.#settleNext()
  }

  /** A new session knows nothing yet. */
  tellAgain(): void {
    this.#told = undefined
    if (this.#parts.settings.enabled && this.#surroundings.seen) this.#tell()
  }

  #idOf({ port, address }: Pick<Place, 'port' | 'address'>): string {
    return instanceId(
      `found-${port}`,
      this.#parts.node.id,
      address === undefined || isLoopback(address) ? port : address,
    )
  }

  /** Whether a place needs no look: somebody looks after it here already. */
  #isKnown(place: Place): boolean {
    return this.#isDeclared(place.port) || Object.hasOwn(this.#book.adopted, this.#idOf(place))
  }

  #isDeclared(port: number): boolean {
    return this.#parts.declared().some((service) => service.port === port)
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
    const next = this.#withPolicy(this.#withDecisions(this.#withoutGone(before)))
    if (next !== before) {
      await writeBook(stateDir, next)
      this.#book = next
      onAdopted()
    }
    this.#tell()
  }

  #withoutGone(book: Book): Book {
    const { settings, log } = this.#parts
    if (!this.#surroundings.seen) return book
    const listens = ({ port }: Adopted) => this.#surroundings.listens(port)
    const { book: next, forgotten } = withListening(book, listens, Date.now(), settings.forget_after)
    for (const { name, port } of forgotten)
      log.warn({ service: name, port }, 'nothing listens there for too long; it is withdrawn')
    return next
  }

  #withDecisions(book: Book): Book {
    const { log, node } = this.#parts
    let next = book
    for (const [id, decision] of Object.entries(this.#decisions)) {
      if (isDone(next, id, decision)) continue
      const adopted = next.adopted[id]
      const subject = this.#subjects().find((each) => each.id === id)
      if (decision.do === 'ignore') {
        if (!adopted && !subject) continue
        next = ignore(next, id, decision.by, subject ? whoIs(subject) : (adopted?.who ?? ''))
      } else if (adopted) next = adopt(next, renamed(adopted, decision, this.#table))
      else if (subject) {
        const known = { ...subject, recognised: this.#recognisedAs(subject, decision.service) }
        next = adopt(next, { ...adoptionOf(known, { cluster: node.cluster }, decision), who: whoIs(subject) })
      } else continue
      log.info({ found: id, decision: decision.do, by: decision.by, service: decision.service }, 'an operator decided')
    }
    return next
  }

  #withPolicy(book: Book): Book {
    const { log, node } = this.#parts
    let next = book
    for (const { found, name, port, by } of Object.values(book.adopted)) {
      const claimed = claimOn(port, this.#surroundings.rivals)
      if (by !== 'policy' || !claimed || !givesWay(node.id, claimed.rival)) continue
      log.warn(
        { service: name, port, node: claimed.rival.node },
        'another agent of this host looks after it; it is left to that',
      )
      next = release(next, found)
    }
    for (const subject of this.#subjects()) {
      if (Object.hasOwn(next.adopted, subject.id)) continue
      const { adopt: adoption } = standingOf(subject, next, this.#circumstances(subject, next))
      if (!adoption) continue
      const { name, port, evidence, confidence } = adoption
      log.info({ service: name, port, confidence, evidence }, 'a service was found and is looked after from now on')
      next = adopt(next, adoption)
    }
    return next
  }

  #recognisedAs(subject: Subject, service: string | undefined): Subject['recognised'] {
    if (service === undefined) return subject.recognised
    const { confidence, evidence } = subject.recognised
    const { type, cluster, tags, role } = recognise(
      {
        ...subject.seen,
        port: subject.place.port,
        told: service,
        process: undefined,
        cluster: this.#parts.node.cluster,
      },
      this.#table,
    )
    return {
      service,
      tags,
      role,
      confidence,
      evidence,
      ...(type === undefined ? {} : { type }),
      ...(cluster === undefined ? {} : { cluster }),
    }
  }

  /** The places that were looked at and that nobody looks after. */
  #subjects(): readonly Subject[] {
    const { cluster } = this.#parts.node
    return this.#surroundings.visited
      .filter(({ place }) => !this.#isDeclared(place.port))
      .map(({ place, process, seen }) => {
        const evidence = { port: place.port, told: seen.told, verdict: seen.verdict, process, cluster }
        return { id: this.#idOf(place), place, process, seen, recognised: recognise(evidence, this.#table) }
      })
  }

  #circumstances({ place }: Subject, book = this.#book): Circumstances {
    const { settings, node, declared } = this.#parts
    const { rivals, rounds } = this.#surroundings
    const full = Object.keys(book.adopted).length >= mostAdopted
    return {
      rules: settings.policy,
      fallback: settings.default,
      declared: declared().length > 0,
      nodeIsLocal: isLoopback(node.address()),
      cluster: node.cluster,
      claimed: claimOn(place.port, rivals),
      waits: rounds < 3 && waitsFor(node.id, rivals),
      full,
    }
  }

  #tell(): void {
    const message = this.#message()
    const news = newsOf(message)
    if (news !== this.#told && this.#parts.send(message)) this.#told = news
  }

  #message(): Discovered {
    const { node, declared, states } = this.#parts
    const now = Date.now()
    const { places, rivals, processes } = this.#surroundings
    const all = states()
    const adopted = adoptedBeside(this.#book, declared()).map((entry) => {
      const instance = instanceId(entry.name, node.id, copyOf(entry))
      const state = all.find(({ spec }) => spec.id === instance)
      const place = places.find((each) => this.#idOf(each) === entry.found)
      const address = state?.spec.address ?? entry.address ?? node.address()
      const process = place && this.#surroundings.processAt(place)
      return foundOfAdopted({ entry, instance, address, verdict: state?.verdict, process, place, now })
    })
    const others = this.#subjects()
      .filter(({ id }) => !Object.hasOwn(this.#book.adopted, id))
      .map((subject) => {
        const standing = standingOf(subject, this.#book, this.#circumstances(subject))
        const { service } = subject.recognised
        const instance = service === undefined ? undefined : instanceId(service, node.id, subject.place.port)
        return foundOfSubject(subject, standing, subject.place.address ?? node.address(), instance)
      })
    const adoptedPorts = new Set(adopted.map(({ port }) => port))
    const held: Held[] = all.map(({ spec, verdict }) => ({
      service: spec.service,
      address: spec.address,
      port: spec.port,
      origin: adoptedPorts.has(spec.port) ? 'adopted' : 'declared',
      reason: verdict.reason,
    }))
    return discoveredMessage([...adopted, ...others], conflictsOf(held, processes, node.id, rivals))
  }
}

/** An adopted one of which an operator knows better what it is. */
function renamed(adopted: Adopted, { service, type, cluster, by }: Decision, table: readonly KnownPort[]): Adopted {
  const line = service === undefined ? undefined : table.find((each) => each.service === service)
  const known = type ?? line?.type
  return {
    ...adopted,
    by,
    ...(service === undefined ? {} : { name: service, tags: [...(line?.tags ?? [])] }),
    ...(known === undefined ? {} : { type: known }),
    ...(cluster === undefined ? {} : { cluster }),
  }
}
