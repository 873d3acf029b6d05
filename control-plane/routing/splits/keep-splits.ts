import { explainError } from '#shared/failure/failure.ts'
import { repeat } from '#shared/lifecycle/repeat.ts'
import { type Logger, warn } from '#shared/logging/logger.ts'
import type { FleetView } from '../../fleet/fleet.ts'
import type { Declaration, SplitDeclaration } from '../declaration/declaration.ts'
import type { Publisher } from '../publisher.ts'
import type { TableFrame } from '../table/build.ts'
import type { SplitPositions } from '../table/split-routes.ts'
import type { Traffic } from '../traffic/traffic.ts'
import { isWatched, judgeSplit, type Known, redeclared } from './judge-split.ts'
import { measureSplit } from './measure-split.ts'
import { ordered, type SplitOrder } from './order.ts'
import { type Measured, positionOf, readyState, type SplitState, stillTakenBack } from './state.ts'
import { type SplitStore, type StoredSplit, stateOf, storedOf } from './store.ts'

export type SplitsParts = {
  readonly store: SplitStore
  readonly publisher: Pick<Publisher, 'split' | 'declaration' | 'frames' | 'published'>
  readonly fleet: Pick<FleetView, 'installation'>
  readonly traffic: Pick<Traffic, 'servicesSince'>
  readonly log: Logger
  /** Whether this plane leads those that share the store; the others follow what it decides. Left out: nobody shares it. */
  readonly leads?: () => boolean
  /** Epoch milliseconds. */
  readonly now: () => number
}

/** A split with all that is known of it now. */
export type SplitSeen = {
  readonly declared: SplitDeclaration
  readonly state: SplitState
  readonly measured: Measured
  readonly waitingFor: readonly string[]
}

export type OrderOutcome =
  | { readonly kind: 'done' | 'unchanged'; readonly seen: SplitSeen }
  /** It is taken back here, at once, and the store does not know it yet: other planes do not either. `why`: in words. */
  | { readonly kind: 'unkept'; readonly why: string; readonly seen: SplitSeen }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'refused'; readonly why: string; readonly seen: SplitSeen }
  /** It is another state than the order was made for. */
  | { readonly kind: 'overtaken'; readonly seen: SplitSeen }

/** Hears of a split that was taken back while the store could not keep it; undefined: it is kept by now, or overtaken. */
export type UnkeptListener = (service: string, taken: StoredSplit | undefined) => void

/** Counts come every few seconds, and to look at them costs something. */
const lookEveryMs = 1_000
/** A store that cannot do it now is asked again after this. */
const againAfterMs = 1_000

/** The splits of services: how far each one is, over restarts. Everything that changes them happens one after the other. */
export class Splits {
  readonly #parts: SplitsParts
  readonly #states = new Map<string, SplitState>()
  readonly #waitingFor = new Map<string, readonly string[]>()
  /** Taken back already though the store does not know it yet, and why not: users do not wait for a disk. */
  readonly #unsaved = new Map<string, string>()
  readonly #listeners = new Set<UnkeptListener>()
  #turn: Promise<unknown> = Promise.resolve()
  #declaration: Declaration | undefined
  /** The last look was that of a leader. */
  #led: boolean

  /** Reads how far they were when the last run ended; they go on from there. */
  static async open(parts: SplitsParts): Promise<Splits> {
    const splits = new Splits(parts)
    for (const stored of await parts.store.routingSplits()) splits.#states.set(stored.service, stateOf(stored))
    splits.#publish()
    return splits
  }

  constructor(parts: SplitsParts) {
    this.#parts = parts
    this.#led = parts.leads?.() ?? true
  }

  /** By service; those that are declared now. */
  list(): readonly SplitSeen[] {
    const declared = [...(this.#parts.publisher.declaration?.splits.values() ?? [])]
    return declared.sort((a, b) => (a.name < b.name ? -1 : 1)).map((each) => this.#seen(each))
  }

  find(service: string): SplitSeen | undefined {
    const declared = this.#parts.publisher.declaration?.splits.get(service)
    return declared && this.#seen(declared)
  }

  /** @param ifSerial refused if its state has another number; undefined: whichever it has */
  order(service: string, order: SplitOrder, ifSerial?: number): Promise<OrderOutcome> {
    return this.#inTurn(async (): Promise<OrderOutcome> => {
      const seen = this.find(service)
      if (!seen) return { kind: 'unknown' }
      const { declared, state } = seen
      if (ifSerial !== undefined && ifSerial !== state.serial) return { kind: 'overtaken', seen }
      const known = this.#known(declared, state)
      const result = ordered(declared, state, order, known, this.#parts.now())
      if ('refused' in result) return { kind: 'refused', why: result.refused, seen }
      if (result.state !== state) await this.#move(result.state)
      // Who asks again for what could not be kept has the store asked again.
      else await this.#saveTakenBack().catch(() => {})
      const why = this.#unsaved.get(service)
      if (why !== undefined) return { kind: 'unkept', why, seen: this.#seen(declared) }
      return { kind: result.state === state ? 'unchanged' : 'done', seen: this.#seen(declared) }
    })
  }

  /** Returns how to stop. */
  onUnkept(listener: UnkeptListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Another plane took it back, and the store does not know it yet: it holds here, too, and whoever leads first has it stored. */
  takeBack(taken: StoredSplit): Promise<void> {
    return this.#inTurn(async () => {
      const ours = stillTakenBack(stateOf(taken), this.#states.get(taken.service))
      if (!ours) return
      this.#take(ours)
      this.#note(taken.service, 'another plane took it back')
    })
  }

  /** Looks at every split until `signal`. */
  run(signal: AbortSignal): Promise<void> {
    const pace = { everyMs: lookEveryMs, afterFailureMs: () => againAfterMs }
    return repeat(() => this.look(), pace, warn(this.#parts.log, 'splits of services'), signal)
  }

  /** Does what is to be done by itself now. */
  look(): Promise<void> {
    return this.#inTurn(async () => {
      const leads = this.#parts.leads?.() ?? true
      if (!leads || !this.#led) await this.#takeStored()
      this.#led = leads
      if (!leads) return
      await this.#saveTakenBack()
      const declaration = this.#parts.publisher.declaration
      if (declaration !== this.#declaration) await this.#follow(declaration)
      for (const split of declaration?.splits.values() ?? []) await this.#judge(split)
    })
  }

  /** Takes over what the leader has decided. */
  async #takeStored(): Promise<void> {
    const stored = await this.#parts.store.routingSplits()
    const before = new Map(this.#states)
    this.#states.clear()
    for (const each of stored) this.#states.set(each.service, stateOf(each))
    for (const service of [...this.#unsaved.keys()]) this.#keepTakenBack(service, before.get(service))
    const changed = [...this.#states].some(([service, state]) => !isSame(before.get(service), state))
    if (!changed && before.size === this.#states.size) return
    this.#waitingFor.clear()
    this.#publish()
  }

  /** What was taken back here stays so, whoever leads by now, until it is stored or overtaken by what is. */
  #keepTakenBack(service: string, ours: SplitState | undefined): void {
    const stored = this.#states.get(service)
    const kept = ours && stillTakenBack(ours, stored)
    if (kept) this.#states.set(service, kept)
    else this.#settled(service)
  }

  #note(service: string, why: string): void {
    this.#unsaved.set(service, why)
    const state = this.#states.get(service)
    for (const hear of this.#listeners) hear(service, state && storedOf(state))
  }

  #settled(service: string): void {
    if (!this.#unsaved.delete(service)) return
    for (const hear of this.#listeners) hear(service, undefined)
  }

  async #judge(split: SplitDeclaration): Promise<void> {
    const { fleet, now } = this.#parts
    const state = this.#stateOf(split)
    if (!isWatched(state)) {
      this.#waitingFor.delete(split.name)
      return
    }
    // Proxies keep what they have, so there is nothing to conclude from.
    const kept = fleet.installation.frozen
      ? 'everything is frozen'
      : this.#isPublished(split)
        ? undefined
        : 'nothing is published to its gateways yet'
    const look = kept === undefined ? judgeSplit(split, state, this.#known(split, state), now()) : undefined
    this.#waitingFor.set(split.name, look?.waitingFor ?? [kept ?? ''])
    if (look && look.state !== state) await this.#move(look.state)
  }

  /** Another declaration holds: what it splits otherwise, or not at all, begins anew. */
  async #follow(declaration: Declaration | undefined): Promise<void> {
    if (!declaration) return
    const at = this.#parts.now()
    for (const state of [...this.#states.values()]) {
      const split = declaration.splits.get(state.service)
      if (split?.version === state.version) continue
      const ended = redeclared(state, at)
      const next = split ? readyState(split, ended, at) : ended
      if (next !== state) await this.#move(next)
    }
    this.#declaration = declaration
  }

  #stateOf(split: SplitDeclaration): SplitState {
    const known = this.#states.get(split.name)
    return known?.version === split.version ? known : readyState(split, known, this.#parts.now())
  }

  #seen(declared: SplitDeclaration): SplitSeen {
    const state = this.#stateOf(declared)
    const { measured } = this.#known(declared, state)
    const why = this.#unsaved.get(declared.name)
    const unkept = why === undefined ? [] : [`that it was taken back is not stored yet, and holds here only: ${why}`]
    return { declared, state, measured, waitingFor: [...unkept, ...(this.#waitingFor.get(declared.name) ?? [])] }
  }

  #known(declared: SplitDeclaration, state: SplitState): Known {
    const { publisher, traffic, now } = this.#parts
    const gateways = this.#gatewaysOf(declared)
    const callable = (side: string) => {
      const tables = gateways.flatMap(({ gateway }) => publisher.published(gateway)?.table ?? [])
      const services = tables.flatMap(({ services }) => services.filter(({ name }) => name === side))
      return Math.max(0, ...services.map(({ endpoints }) => endpoints.length))
    }
    const names = gateways.map(({ gateway }) => gateway)
    return {
      measured: measureSplit(declared, state, names, traffic, now()),
      callable: { canary: callable(declared.canary), baseline: callable(declared.baseline) },
    }
  }

  /** Whether the gateways have been told where users are: before that nothing can be said of either side. */
  #isPublished(declared: SplitDeclaration): boolean {
    const gateways = this.#gatewaysOf(declared)
    return gateways.length > 0 && gateways.every(({ gateway }) => this.#parts.publisher.published(gateway))
  }

  #gatewaysOf({ name }: SplitDeclaration): readonly TableFrame[] {
    return [...this.#parts.publisher.frames.values()].filter(({ routes }) =>
      routes.some(({ action }) => action.kind === 'forward' && action.split?.name === name),
    )
  }

  async #move(state: SplitState): Promise<void> {
    const { log, store } = this.#parts
    const { service, phase, step, transitions } = state
    const { by, reason, why } = transitions.at(-1) ?? {}
    if (phase === 'aborted') {
      this.#take(state)
      this.#note(service, 'it is not stored yet')
      log.warn({ service, step, by, reason, why }, 'a split was taken back')
      return this.#saveTakenBack().catch((error: unknown) => {
        log.error({ service, error: explainError(error) }, 'that a split was taken back could not be kept yet')
      })
    }
    await store.saveRoutingSplits([storedOf(state)])
    this.#settled(service)
    this.#take(state)
    log.info({ service, phase, step, by, reason, why }, 'a split has moved')
  }

  #take(state: SplitState): void {
    this.#states.set(state.service, state)
    this.#waitingFor.delete(state.service)
    this.#publish()
  }

  async #saveTakenBack(): Promise<void> {
    if (this.#unsaved.size === 0) return
    const services = [...this.#unsaved.keys()]
    const states = services.flatMap((service) => this.#states.get(service) ?? [])
    try {
      await this.#parts.store.saveRoutingSplits(states.map(storedOf))
    } catch (error) {
      for (const service of services) this.#unsaved.set(service, explainError(error))
      throw error
    }
    for (const service of services) this.#settled(service)
  }

  #publish(): void {
    this.#parts.publisher.split(this.#positions())
  }

  #positions(): SplitPositions {
    return new Map(
      [...this.#states.values()].flatMap((state) => {
        const position = positionOf(state)
        return position ? [[state.service, position] as const] : []
      }),
    )
  }

  #inTurn<T>(act: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(act)
    this.#turn = turn.catch(() => {})
    return turn
  }
}

function isSame(before: SplitState | undefined, { serial, phase, version }: SplitState): boolean {
  return before?.serial === serial && before.phase === phase && before.version === version
}
