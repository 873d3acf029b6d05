import type { Resource } from './resource.ts'

/** What was sent last under each name and is not answered yet: nearly always nothing or one, and there are hundreds of these. */
export class Underway {
  #only: Resource | undefined
  /** Everything, where it is more than one. */
  #all: Map<string, Resource> | undefined

  get size(): number {
    return this.#all?.size ?? (this.#only ? 1 : 0)
  }

  get(name: string): Resource | undefined {
    if (this.#all) return this.#all.get(name)
    return this.#only?.name === name ? this.#only : undefined
  }

  has(name: string): boolean {
    return this.get(name) !== undefined
  }

  set(resource: Resource): void {
    const { name } = resource
    if (!this.#all) {
      if (!this.#only || this.#only.name === name) {
        this.#only = resource
        return
      }
      this.#all = new Map([[this.#only.name, this.#only]])
      this.#only = undefined
    }
    this.#all.set(name, resource)
  }

  delete(name: string): void {
    if (this.#only?.name === name) this.#only = undefined
    if (this.#all?.delete(name) && this.#all.size === 0) this.#all = undefined
  }

  names(): Iterable<string> {
    if (this.#all) return this.#all.keys()
    return this.#only ? [this.#only.name] : []
  }
}
