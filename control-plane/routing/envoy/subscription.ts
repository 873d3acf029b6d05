import type { Frame } from './frame.ts'
import { type Held, nothingHeld } from './held.ts'
import type { DeltaRequest } from './request.ts'
import type { Resource } from './resource.ts'
import { Underway } from './underway.ts'

type Offered = ReadonlyMap<string, Pick<Resource, 'name'>>

/** One Envoy's interest in one kind of resources, and how far it has got. No queue: only names that deserve a look. */
export class Subscription {
  #wildcard = false
  readonly #names = new Set<string>()
  /** What the Envoy is known to have, or may have. */
  readonly #held = new Map<string, Held>()
  /** What was sent last under a name and is not answered yet. */
  readonly #sent = new Underway()
  /** Names to look at with the next sending. */
  readonly dirty = new Set<string>()
  /** Names to send even if the Envoy has that version already. */
  readonly forced = new Set<string>()
  /** Names that are sent one by one, since an answer with them was rejected. */
  readonly alone = new Set<string>()
  /** A request is there that must be answered, even if there is nothing to say. */
  owed = false
  #asked = false

  /** Whether the Envoy has asked for this kind at all. */
  get asked(): boolean {
    return this.#asked
  }

  /** Whether something is to be sent or looked at. */
  get hasMoreToSay(): boolean {
    return this.owed || this.dirty.size > 0
  }

  wants(name: string): boolean {
    return this.#wildcard || this.#names.has(name)
  }

  get names(): ReadonlySet<string> {
    return this.#names
  }

  get nameCount(): number {
    return this.#names.size + this.#held.size
  }

  get wildcard(): boolean {
    return this.#wildcard
  }

  held(name: string): Held {
    const held = this.#held.get(name) ?? nothingHeld
    const sent = this.#sent.size > 0 ? this.#sent.get(name) : undefined
    return sent ? { ...held, sent } : held
  }

  *heldNames(): Iterable<string> {
    yield* this.#held.keys()
    for (const name of this.#sent.names()) if (!this.#held.has(name)) yield name
  }

  get holdsAny(): boolean {
    return this.#held.size + this.#sent.size > 0
  }

  /** Whether the Envoy has it in some version, or is known to be without it by its own word. */
  has(name: string): boolean {
    return this.held(name).version !== undefined
  }

  /** Takes what a request says about interest. @param offered what a wildcard stands for now */
  take({ subscribe, unsubscribe, initialVersions }: DeltaRequest, offered: Offered | undefined): void {
    const first = !this.#asked
    this.#asked = true
    for (const [name, version] of first ? initialVersions : []) {
      const known = offered?.get(name)
      this.#held.set(known?.name ?? name, { ...nothingHeld, version })
      this.dirty.add(known?.name ?? name)
    }
    const wildcard = subscribe.includes('*') || (first && subscribe.length === 0)
    if (wildcard) {
      this.#wildcard = true
      for (const name of offered?.keys() ?? []) this.dirty.add(name)
    }
    for (const said of subscribe) {
      if (said === '*') continue
      // Hundreds of Envoys ask for the same names, each in bytes of its own.
      const name = offered?.get(said)?.name ?? said
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
    for (const each of [this.#held, this.#sent, this.dirty, this.forced, this.alone]) each.delete(name)
  }

  /** What the Envoy has said of this may not be so: it is sent anew, or taken away. */
  doubt(name: string): void {
    this.dirty.add(name)
    if (this.wants(name)) this.forced.add(name)
    if (!this.#held.has(name)) this.#held.set(name, { ...nothingHeld, uncertain: true })
  }

  noteSent(frame: Frame): void {
    this.owed = false
    for (const resource of frame.upserts) {
      const { name } = resource
      this.#sent.set(resource)
      if (this.dirty.size > 0) this.dirty.delete(name)
      if (this.forced.size > 0) this.forced.delete(name)
    }
    for (const name of frame.removed) {
      this.#held.delete(name)
      this.#sent.delete(name)
      this.dirty.delete(name)
      this.forced.delete(name)
    }
  }

  /** The Envoy has taken an answer. */
  noteTaken({ taken }: Frame): void {
    for (const held of taken) {
      const { name } = held.resource
      // It may have unsubscribed meanwhile.
      if (!this.#sent.has(name) && !this.#held.has(name)) continue
      this.#settle(held.resource)
      this.#held.set(name, held)
      if (this.alone.size > 0) this.alone.delete(name)
    }
  }

  /** The Envoy has rejected an answer, perhaps only a part of it: each of its resources is to be looked at again. */
  noteRejected({ upserts }: Frame): void {
    const uncertain = upserts.length > 1
    for (const resource of upserts) {
      const { name } = resource
      if (!this.#sent.has(name) && !this.#held.has(name)) continue
      this.#settle(resource)
      const held = this.#held.get(name) ?? nothingHeld
      this.#held.set(name, { ...held, uncertain: held.uncertain || uncertain })
      this.dirty.add(name)
      if (!uncertain) continue
      this.alone.add(name)
      this.forced.add(name)
    }
  }

  /** It is no longer on its way, unless something newer is. */
  #settle(resource: Resource): void {
    if (this.#sent.get(resource.name) === resource) this.#sent.delete(resource.name)
  }
}
