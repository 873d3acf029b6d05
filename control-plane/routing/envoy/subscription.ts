import type { Frame } from './frame.ts'
import type { DeltaRequest } from './request.ts'
import type { Resource } from './resource.ts'

/** What an Envoy has of one resource. */
export type Held = {
  /** The version it is known to have; undefined: none yet. */
  readonly version: string | undefined
  /** The same as a resource, where it was sent in this run of the plane. */
  readonly resource: Resource | undefined
  /** What was sent last and is not answered yet. */
  readonly sent: Resource | undefined
  /** It was in an answer that was rejected with others: nobody knows what became of it. */
  readonly uncertain: boolean
}

const nothing: Held = { version: undefined, resource: undefined, sent: undefined, uncertain: false }

/** One object for all Envoys that have a resource and nothing else of its name: there may be hundreds of both. */
const takenOf = new WeakMap<Resource, Held>()

/** One Envoy's interest in one kind of resources, and how far it has got. No queue: only names that deserve a look. */
export class Subscription {
  #wildcard = false
  readonly #names = new Set<string>()
  readonly #held = new Map<string, Held>()
  /** Names to look at with the next sending. */
  readonly dirty = new Set<string>()
  /** Names to send even if the Envoy has that version already. */
  readonly forced = new Set<string>()
  /** Names that are sent one by one, since an answer with them was rejected. */
  readonly alone = new Set<string>()
  /** Answers that are not replied to yet, by nonce. */
  readonly unanswered = new Map<string, Frame>()
  /** A request is there that must be answered, even if there is nothing to say. */
  owed = false
  #asked = false

  /** Whether the Envoy has asked for this kind at all. */
  get asked(): boolean {
    return this.#asked
  }

  wants(name: string): boolean {
    return this.#wildcard || this.#names.has(name)
  }

  get names(): ReadonlySet<string> {
    return this.#names
  }

  get wildcard(): boolean {
    return this.#wildcard
  }

  held(name: string): Held {
    return this.#held.get(name) ?? nothing
  }

  heldNames(): Iterable<string> {
    return this.#held.keys()
  }

  get holdsAny(): boolean {
    return this.#held.size > 0
  }

  /** Whether the Envoy has it in some version, or is known to be without it by its own word. */
  has(name: string): boolean {
    return this.held(name).version !== undefined
  }

  /** Takes what a request says about interest. @param all the names that a wildcard stands for */
  take({ subscribe, unsubscribe, initialVersions }: DeltaRequest, all: () => Iterable<string>): void {
    const first = !this.#asked
    this.#asked = true
    for (const [name, version] of first ? initialVersions : []) {
      this.#held.set(name, { ...nothing, version })
      this.dirty.add(name)
    }
    const wildcard = subscribe.includes('*') || (first && subscribe.length === 0)
    if (wildcard) {
      this.#wildcard = true
      for (const name of all()) this.dirty.add(name)
    }
    for (const name of subscribe) {
      if (name === '*') continue
      this.#names.add(name)
      this.dirty.add(name)
      // Asking again means that it may have forgotten what it had.
      if (!first) this.forced.add(name)
    }
    if (first || subscribe.length > 0) this.owed = true
    for (const name of unsubscribe) this.#leave(name)
  }

  #leave(name: string): void {
    if (name === '*') this.#wildcard = false
    this.#names.delete(name)
    if (this.#wildcard) return
    this.#held.delete(name)
    for (const set of [this.dirty, this.forced, this.alone]) set.delete(name)
  }

  noteSent(frame: Frame): void {
    this.unanswered.set(frame.nonce, frame)
    this.owed = false
    for (const resource of frame.upserts) {
      const { name } = resource
      this.#held.set(name, { ...this.held(name), sent: resource })
      this.dirty.delete(name)
      this.forced.delete(name)
    }
    for (const name of frame.removed) {
      this.#held.delete(name)
      this.dirty.delete(name)
      this.forced.delete(name)
    }
  }

  /** The Envoy has taken an answer. */
  noteTaken({ upserts }: Frame): void {
    for (const resource of upserts) {
      const { name, version } = resource
      const held = this.#held.get(name)
      // It may have unsubscribed meanwhile.
      if (!held) continue
      const sent = held.sent === resource ? undefined : held.sent
      this.#held.set(name, sent ? { version, resource, sent, uncertain: false } : taken(resource))
      this.alone.delete(name)
    }
  }

  /** The Envoy has rejected an answer, perhaps only a part of it: each of its resources is to be looked at again. */
  noteRejected({ upserts }: Frame): void {
    const uncertain = upserts.length > 1
    for (const resource of upserts) {
      const { name } = resource
      const held = this.#held.get(name)
      if (!held) continue
      const sent = held.sent === resource ? undefined : held.sent
      this.#held.set(name, { ...held, sent, uncertain: held.uncertain || uncertain })
      this.dirty.add(name)
      if (!uncertain) continue
      this.alone.add(name)
      this.forced.add(name)
    }
  }
}

function taken(resource: Resource): Held {
  let held = takenOf.get(resource)
  if (!held) {
    held = { version: resource.version, resource, sent: undefined, uncertain: false }
    takenOf.set(resource, held)
  }
  return held
}
