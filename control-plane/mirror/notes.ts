import type { Change, Unit } from './diff.ts'

/** Why something is not as the fleet wants it. */
export type Note = { readonly kind: 'contested' | 'yielded' | 'kept' | 'refused'; readonly text: string }

/** What cannot be shown in a datacenter, or not be taken away, and why; each thing once, as it was last looked at. */
export class Notes {
  /** By node, then by instance (empty: the node itself). */
  readonly #notes = new Map<string, Map<string, Note>>()

  get(node: string, instance: string): Note | undefined {
    const notes = this.#notes.get(node)
    return notes?.get(instance) ?? notes?.get('')
  }

  /** Replaces what was noted of a node, or of some of its instances. What was refused stays so until it is written, or not wanted. */
  replace(node: string, only: ReadonlySet<string> | undefined, changes: readonly Change[]): void {
    const notes = this.#notes.get(node)
    const open = new Set<string>()
    if (notes)
      for (const { kind, unit } of changes) if (kind === 'put' || kind === 'remove') open.add(unit.instance ?? '')
    for (const [instance, { kind }] of notes ?? []) {
      const looked = !only || instance === '' || only.has(instance)
      if (looked && !(kind === 'refused' && open.has(instance))) notes?.delete(instance)
    }
    for (const { unit, ...change } of changes) {
      if (change.kind !== 'put' && change.kind !== 'remove') this.#set(unit, change)
    }
    if (this.#notes.get(node)?.size === 0) this.#notes.delete(node)
  }

  /** What was refused has been written after all. */
  written({ node, instance = '' }: Unit): void {
    const notes = this.#notes.get(node)
    if (notes?.get(instance)?.kind === 'refused') notes.delete(instance)
    if (notes?.size === 0) this.#notes.delete(node)
  }

  refuse(unit: Unit, text: string): void {
    this.#set(unit, { kind: 'refused', text })
  }

  count(kind: Note['kind']): number {
    let count = 0
    for (const notes of this.#notes.values()) for (const note of notes.values()) if (note.kind === kind) count += 1
    return count
  }

  /** Each text once, at most `most` of them, and how many more there are. */
  texts(most: number): readonly string[] {
    const texts = new Set<string>()
    for (const notes of this.#notes.values()) for (const { kind, text } of notes.values()) texts.add(`${kind}: ${text}`)
    const shown = [...texts].slice(0, most)
    return texts.size > most ? [...shown, `and ${texts.size - most} more`] : shown
  }

  #set({ node, instance = '' }: Unit, note: Note): void {
    const notes = this.#notes.get(node)
    if (notes) notes.set(instance, note)
    else this.#notes.set(node, new Map([[instance, note]]))
  }
}
