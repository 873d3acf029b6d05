import { createHash } from 'node:crypto'
import type { ConsulClient } from '#control-plane/consul/client.ts'
import type { KeyOperation, Operation, TransactionOutcome } from '#control-plane/consul/operation.ts'
import { type Identity, parseIdentity } from '#control-plane/mirror/fence.ts'
import { Hold } from '#control-plane/mirror/hold.ts'
import { fenceKey } from '#control-plane/mirror/names.ts'
import { Failure } from '#shared/failure/failure.ts'
import { type Exploration, explore, type Step, type World } from './explore.ts'
import { Keys } from './keys.ts'

/** A process that mirrors into the datacenter, or a person who removes the fence. */
export type Actor =
  | { readonly kind: 'mirror'; readonly us: Identity; readonly takeover: boolean; readonly beats: number }
  | { readonly kind: 'remover' }

/** A process that mirrors for two beats, unless it is told otherwise. */
export function mirror(
  run: string,
  about: { installation?: string; epoch?: number; takeover?: boolean; beats?: number } = {},
): Actor {
  const { installation = 'one', epoch = 1, takeover = false, beats = 2 } = about
  return { kind: 'mirror', us: { installation, epoch, run }, takeover, beats }
}

/** Walks all that these actors may do. */
export function exploreFence(
  actors: readonly Actor[],
  { faults, keys = () => new Keys() }: { readonly faults: number; readonly keys?: () => Keys },
): Promise<Exploration> {
  return explore(() => FenceWorld.open(actors, keys()), faults)
}

const owner = 'acme'
const record = 'a record of ours'

/** In so many beats whoever is left alone must have found out that it is. */
const beatsAlone = 3

type Mirror = {
  readonly us: Identity
  readonly hold: Hold
  readonly consul: Pick<ConsulClient, 'readKey' | 'transact'>
}
type Asked = { readonly perform: () => unknown; readonly settle: (outcome: Outcome) => void }
type Outcome = { readonly answer: unknown } | { readonly error: Failure }

/**
 * Processes that hold the fence of one datacenter by turns and write under it, as the product's code does. It throws as soon as a write
 * is done that is not of the process that holds the fence then, or a fence of a lower epoch follows one of a higher one.
 */
class FenceWorld implements World {
  readonly #keys: Keys
  readonly #asked = new Map<number, Asked>()
  readonly #learnt: string[][] = []
  readonly #ended = new Set<number>()
  readonly #mirrors: Mirror[] = []
  #highest = 0
  #alone = false
  #moved = Promise.withResolvers<void>()

  /** A world in which every actor waits for its first answer. */
  static async open(actors: readonly Actor[], keys: Keys): Promise<FenceWorld> {
    const world = new FenceWorld(actors, keys)
    for (const place of actors.keys()) await world.#moves(place)
    return world
  }

  private constructor(actors: readonly Actor[], keys: Keys) {
    this.#keys = keys
    for (const [place, actor] of actors.entries()) {
      this.#learnt.push([])
      void this.#play(place, actor).finally(() => {
        this.#ended.add(place)
        this.#moved.resolve()
      })
    }
  }

  get waiting(): readonly number[] {
    return [...this.#asked.keys()].toSorted((a, b) => a - b)
  }

  async step({ actor, fate }: Step): Promise<void> {
    const asked = this.#asked.get(actor)
    if (!asked) throw new Error(`actor ${actor} waits for nothing`)
    this.#asked.delete(actor)
    const answer = fate === 'lost' ? undefined : asked.perform()
    const outcome = fate === 'answered' ? { answer } : { error: new Failure('CONSUL_UNREACHABLE', 'lost') }
    this.#learnt[actor]?.push('answer' in outcome ? withoutTime(JSON.stringify(answer ?? null)) : 'lost')
    asked.settle(outcome)
    await this.#moves(actor)
  }

  fingerprint(): string {
    const all = ranked(JSON.stringify([withoutTime(this.#keys.fingerprint()), this.#learnt, this.waiting]))
    return createHash('sha1').update(all).digest('base64')
  }

  /** Whoever is left alone writes in the end, unless another installation has the fence. */
  async end(): Promise<void> {
    this.#alone = true
    for (const mirror of this.#mirrors) {
      const { us } = mirror
      let written = false
      for (let beat = 0; beat < beatsAlone && !written; beat += 1) written = await this.#beat(mirror)
      const isContested = this.#fence()?.installation !== us.installation
      if (written === isContested) throw new Error(`${us.run}, left alone, ${written ? 'writes' : 'does not write'}`)
    }
  }

  /** Resolves when an actor waits or has ended. */
  async #moves(actor: number): Promise<void> {
    while (!this.#asked.has(actor) && !this.#ended.has(actor)) {
      await this.#moved.promise
      this.#moved = Promise.withResolvers()
    }
  }

  async #play(place: number, actor: Actor): Promise<void> {
    if (actor.kind === 'remover') {
      await this.#ask(place, () => this.#keys.remove(fenceKey(owner)))
      return
    }
    const { run } = actor.us
    const consul = {
      readKey: (key: string) => this.#ask(place, () => this.#keys.read(key)),
      transact: (operations: readonly Operation[]) => this.#ask(place, () => this.#transact(run, operations)),
    }
    const { signal } = new AbortController()
    // Nobody is ever seen alive for certain: whatever the watch finds, the fence must hold.
    const common = { owner, signal, watchMs: 0, mayWrite: () => true, revision: () => undefined }
    const takeover = () => actor.takeover
    const mirror = { ...actor, hold: new Hold({ ...common, us: actor.us, takeover, consul }), consul }
    this.#mirrors.push(mirror)
    for (let beat = 0; beat < actor.beats; beat += 1) {
      // From one beat to the next nothing else is remembered.
      this.#learnt[place] = [`${beat}`, JSON.stringify(mirror.hold.stand)]
      await this.#beat(mirror)
    }
  }

  /** What the mirror does again and again. Answers whether something was written. */
  async #beat({ hold, consul, us }: Mirror): Promise<boolean> {
    try {
      await hold.beat()
      const { operation } = hold
      if (!operation) return false
      const outcome = await consul.transact([operation, { KV: { Verb: 'set', Key: record, Value: base64(us.run) } }])
      if (outcome.kind === 'refused') hold.lost()
      return outcome.kind === 'done'
    } catch (error) {
      if (!(error instanceof Failure)) throw error
      return false
    }
  }

  #ask<T>(place: number, perform: () => T): Promise<T> {
    if (this.#alone) return Promise.resolve(perform())
    return new Promise<T>((resolve, reject) => {
      const settle = (outcome: Outcome) => {
        if ('error' in outcome) reject(outcome.error)
        else resolve(outcome.answer as T)
      }
      this.#asked.set(place, { perform, settle })
      this.#moved.resolve()
    })
  }

  #transact(run: string, operations: readonly Operation[]): TransactionOutcome {
    const before = this.#fence()
    const outcome = this.#keys.transact(operations)
    if (outcome.kind !== 'done') return outcome
    const after = this.#fence()
    if (touches(operations, record)) {
      if (before?.run !== run) throw new Error(`${run} has written while ${before?.run} held the fence`)
    }
    if (after && after.epoch < this.#highest) throw new Error(`the epoch fell from ${this.#highest} to ${after.epoch}`)
    if (before && after && before.installation !== after.installation)
      throw new Error('a fence was taken from another installation')
    this.#highest = Math.max(this.#highest, after?.epoch ?? 0)
    return outcome
  }

  #fence(): Identity | undefined {
    const row = this.#keys.read(fenceKey(owner))
    return row && parseIdentity(row.value)
  }
}

/** Which index is the greater matters, and which are equal; not what they are. */
function ranked(text: string): string {
  const indexes = [...new Set(text.match(/\b1\d{5}\b/g))].toSorted()
  return text.replace(/\b1\d{5}\b/g, (index) => `#${indexes.indexOf(index)}`)
}

function touches(operations: readonly Operation[], key: string): boolean {
  const keys: readonly KeyOperation[] = operations.flatMap((operation) => ('KV' in operation ? [operation.KV] : []))
  return keys.some(({ Key }) => Key === key)
}

/** The freshness key says when it was written, for people. */
function withoutTime(text: string): string {
  return text.replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '')
}

function base64(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64')
}
