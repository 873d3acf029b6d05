import { mock } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import * as z from 'zod/mini'
import type { Change } from '#control-plane/fleet/event.ts'
import { Fleet } from '#control-plane/fleet/fleet.ts'
import type { Sign } from '#control-plane/ingest/agents/contact/contact.ts'
import { ContactJudge } from '#control-plane/ingest/agents/contact/watch-contact.ts'
import { candidatesOf, chooseAgents } from '#control-plane/ingest/agents/vantage/choice.ts'
import { DeathJudge } from '#control-plane/ingest/agents/vantage/confirm.ts'
import { Sightings } from '#control-plane/ingest/agents/vantage/sightings.ts'
import type { Timed } from '#control-plane/ingest/agents/vantage/timed.ts'
import { planeId, type Vantage } from '#control-plane/ingest/agents/vantage/vantage.ts'
import { AgentsConfig } from '#control-plane/ingest/config.ts'
import { createLogger } from '#shared/logging/logger.ts'
import type { ProbeSpec, Verdict } from '#shared/protocol/check.ts'
import { reason } from '#shared/protocol/reason.ts'
import { MemoryJournal } from '../store/memory-journal.ts'

/**
 * How a line between two places is: `one-way` loses all that goes one way, which way does not matter to who waits for an answer or an
 * acknowledgement; `lossy` loses 30% of the packets each way; `slow` takes 2 s each way.
 */
export type Line = 'ok' | 'one-way' | 'lossy' | 'slow' | 'cut'

/** Where the plane is, as one end of a line. */
export const here = 'plane'

export type WorldOptions = {
  /** How many machines each site has; each has one node with one instance. */
  readonly sites: Readonly<Record<string, number>>
  readonly seed?: number
  /** Milliseconds. */
  readonly hold?: { readonly at_most: number }
  readonly grace?: number
  /** Milliseconds after which a check of an instance gives up. */
  readonly checkMs?: number
  /** Whether the plane confirms deaths. Left out: yes. */
  readonly leads?: () => boolean
  /** Whether another plane lives, by its run. Left out: there is none. */
  readonly livesPlane?: (run: string) => boolean
}

const lookMs = 250
const beatMs = 5_000
/** How long the plane waits for the word of an agent, besides what a probe may take. */
const wayMs = 1_500
/** A TCP connection repeats what is not acknowledged after so long, and then ever later. */
const repeatMs = 200

type Machine = {
  readonly id: string
  readonly node: string
  readonly instance: string
  readonly site: string
  readonly phase: number
}

/** A question that was put to a vantage, and what it will have found. */
type Question = { readonly at: number; readonly tell: () => void }

/**
 * The plane's real judges of contact and death over a fleet, in a time of their own: what they would have heard and found is decided by the
 * lines between the places and by what is dead. The same seed gives the same history.
 */
export class ContactWorld {
  readonly fleet = new Fleet()
  readonly journal = new MemoryJournal(this.fleet)
  readonly sightings = new Sightings()
  readonly machines: readonly Machine[]
  /** How often each vantage was asked. */
  readonly asked = new Map<string, number>()
  mostAsking = 0
  now = 0
  readonly #judge: ContactJudge
  readonly #deaths: DeathJudge
  readonly #lines = new Map<string, Line>()
  readonly #dead = new Map<string, 'machine' | 'process'>()
  readonly #heardAt = new Map<string, number>()
  /** Until then what a machine said is on its way to the plane. */
  readonly #arrives = new Map<string, number>()
  readonly #questions = new Set<Question>()
  readonly #random: () => number

  private constructor({ sites, seed = 1, hold, grace, leads, livesPlane }: WorldOptions) {
    this.#random = randomOf(seed)
    this.machines = Object.entries(sites).flatMap(([site, count]) =>
      Array.from({ length: count }, (_, index) => {
        const id = `${site}-${index}`
        return { id, node: `n-${id}`, instance: `crm-${id}`, site, phase: this.#random() * beatMs }
      }),
    )
    const defaults = z.parse(AgentsConfig, {})
    const settings = { ...defaults, grace: grace ?? defaults.grace, hold: { ...defaults.hold, ...hold } }
    const common = { fleet: this.fleet, record: this.journal.record, by: 'plane:1', log, now: () => this.now }
    const sessions = {
      sign: (node: string) => this.#sign(node),
      askAgain() {},
      hears: (besides: string, withinMs: number) =>
        this.#heardAt.entries().some(([node, at]) => node !== besides && this.now - at <= withinMs),
      forgive() {},
      ask: async () => undefined,
    }
    this.#judge = new ContactJudge({ ...common, sessions, settings })
    const ask = (vantage: Vantage, check: ProbeSpec) => this.#ask(vantage, check)
    const wait = (ms: number) => this.#later(ms, undefined)
    const judging = { ...(leads ? { leads } : {}), ...(livesPlane ? { livesPlane } : {}) }
    const looking = { sightings: this.sightings, settings: settings.vantages, ask, wait }
    this.#deaths = new DeathJudge(
      { ...common, ...judging, ...looking, sessions, contact: this.#judge },
      new AbortController().signal,
    )
  }

  /** All are in contact, and each instance was just seen by its vantages. */
  static async open(options: WorldOptions): Promise<ContactWorld> {
    // One world at a time: its time is that of the process.
    mock.timers.reset()
    mock.timers.enable({ apis: ['Date'], now: 0 })
    const world = new ContactWorld(options)
    const changes = world.machines.flatMap((machine) => changesOf(machine, options.checkMs ?? 2_000))
    await Promise.all(changes.map((change) => world.journal.record(change, { by: 'agent:x' })))
    const candidates = candidatesOf(world.machines.map(({ node, id, site }) => ({ id: node, machine: id, site })))
    for (const { id, instance, site, node } of world.machines) {
      world.#heardAt.set(node, 0)
      const [check] = world.fleet.instances.get(instance)?.spec.checks ?? []
      const vantages = [
        { id: planeId, machine: here, site: '' },
        ...chooseAgents(instance, { machine: id, site }, candidates, 2),
      ]
      for (const vantage of vantages) world.sightings.saw(instance, JSON.stringify(check), vantage, 0)
    }
    await world.run(beatMs + 1_000)
    world.asked.clear()
    return world
  }

  /** From now on the line between two places is so; places are ids of machines, or `here`. */
  line(a: string, b: string, line: Line): void {
    this.#lines.set(lineKey(a, b), line)
  }

  /** A machine dies with all that is on it, or only its agent and its server do. */
  kill(id: string, what: 'machine' | 'process' = 'machine'): void {
    this.#dead.set(id, what)
  }

  revive(id: string): void {
    this.#dead.delete(id)
  }

  /** Lets so much time pass. */
  async run(ms: number, each: () => void = () => {}): Promise<void> {
    for (const end = this.now + ms; this.now < end; ) {
      this.now += lookMs
      mock.timers.setTime(this.now)
      for (const machine of this.machines) this.#beat(machine)
      for (const question of [...this.#questions]) if (question.at <= this.now) question.tell()
      await this.#settle()
      this.#judge.look()
      this.#deaths.look()
      this.mostAsking = Math.max(this.mostAsking, this.#deaths.figures().asking)
      await this.#settle()
      each()
    }
  }

  /** Which instances were confirmed dead so far. */
  get confirmed(): readonly string[] {
    return this.machines.flatMap(({ id, instance }) => (this.fleet.instances.get(instance)?.death ? [id] : []))
  }

  /** How many events of each kind there were since an earlier length of the journal. */
  events(since = 0): Readonly<Record<string, number>> {
    const kinds = Map.groupBy(this.journal.entries.slice(since), ({ event }) => event.change.kind)
    return Object.fromEntries([...kinds].map(([kind, all]) => [kind, all.length]))
  }

  /** Confirms what was found in the meantime; events are recorded a turn later. */
  async #settle(): Promise<void> {
    await nextTurn()
    await nextTurn()
  }

  #sign(node: string): Sign {
    return { kind: 'live', session: `s-${node}`, heardAt: this.#heardAt.get(node) ?? 0 }
  }

  #beat({ id, node, phase }: Machine): void {
    const arrives = this.#arrives.get(node)
    if (arrives !== undefined && arrives <= this.now) {
      this.#arrives.delete(node)
      this.#heardAt.set(node, this.now)
    }
    if (this.#dead.has(id)) return
    const line = this.#line(id, here)
    // What goes one way only is never acknowledged, so after a first beat nothing new is sent.
    if (line === 'cut' || line === 'one-way') return
    const isTime = Math.floor((this.now - phase) / beatMs) > Math.floor((this.now - lookMs - phase) / beatMs)
    if (!isTime || this.#arrives.has(node)) return
    this.#arrives.set(node, this.now + this.#oneWayMs(line))
  }

  /** How long words take over a connection that stands. */
  #oneWayMs(line: Line): number {
    if (line === 'slow') return 2_000
    if (line !== 'lossy') return 0
    let ms = 0
    for (let wait = repeatMs; this.#random() < 0.3; wait *= 2) ms += wait
    return ms
  }

  #ask(vantage: Vantage, { address, timeoutMs }: ProbeSpec): Promise<Timed | undefined> {
    this.asked.set(vantage.id, (this.asked.get(vantage.id) ?? 0) + 1)
    const [verdict, tookMs] = this.#probe(vantage.machine, address, timeoutMs)
    const found = { ...verdict, tookMs }
    const wordMs = timeoutMs + wayMs
    if (vantage.id === planeId) return this.#later(tookMs, found)
    const line = this.#line(vantage.machine, here)
    const isLost = this.#dead.has(vantage.machine) || line === 'cut' || line === 'one-way'
    const bothWaysMs = this.#oneWayMs(line) + this.#oneWayMs(line)
    const isLate = bothWaysMs + tookMs > wordMs
    return isLost || isLate ? this.#later(wordMs, undefined) : this.#later(bothWaysMs + tookMs, found)
  }

  #probe(from: string, target: string, timeoutMs: number): readonly [Verdict, number] {
    const line = this.#line(from, target)
    const dead = this.#dead.get(target)
    const tookMs = 10 + 2 * (line === 'slow' ? this.#oneWayMs(line) : 0)
    const silence = [{ health: 'critical', reason: reason('timeout') }, timeoutMs] as const
    if (dead === 'machine' || line === 'cut' || line === 'one-way' || tookMs > timeoutMs) return silence
    if (line === 'lossy' && this.#random() < 0.2) return silence
    if (dead === 'process') return [{ health: 'critical', reason: reason('refused') }, tookMs]
    return [{ health: 'passing', reason: reason('ok') }, tookMs]
  }

  #later<T>(ms: number, value: T): Promise<T> {
    const { promise, resolve } = Promise.withResolvers<T>()
    const question: Question = {
      at: this.now + ms,
      tell: () => {
        this.#questions.delete(question)
        resolve(value)
      },
    }
    this.#questions.add(question)
    return promise
  }

  #line(a: string, b: string): Line {
    return this.#lines.get(lineKey(a, b)) ?? 'ok'
  }
}

const log = createLogger({ name: 'contact-world', level: 'silent' })

function changesOf({ id, node, instance, site }: Machine, checkMs: number): readonly Change[] {
  const spec = {
    id: node,
    name: id,
    machine: id,
    incarnation: 1,
    address: id,
    site,
    cluster: '',
    version: '1',
    gateways: [],
  }
  const check: ProbeSpec = { kind: 'tcp', address: id, port: 8080, timeoutMs: checkMs }
  return [
    { kind: 'node-joined', node: spec },
    { kind: 'node-attached', node, attachment: { replica: 'plane', session: `s-${node}` } },
    {
      kind: 'registered',
      instance,
      node,
      origin: 'agent',
      spec: { id: instance, service: 'crm', address: id, port: 8080, tags: [], metadata: {}, checks: [check] },
    },
    { kind: 'judged', instance, health: 'passing', reason: reason('ok') },
  ]
}

function lineKey(a: string, b: string): string {
  return a < b ? `${a} ${b}` : `${b} ${a}`
}

/** Numbers from 0 to 1 that depend on the seed only (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}
