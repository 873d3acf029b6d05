import type { Resource, ResourceKind } from './resource.ts'

/** Rejected versions of one resource that are remembered; more never matter at once. */
const mostRemembered = 8

/** The versions that one Envoy rejected, by kind and name. */
export class Rejections {
  #versions: Map<string, Set<string>> | undefined

  has(kind: ResourceKind, { name, version }: Resource): boolean {
    // Nearly always there are none.
    return this.#versions?.get(`${kind}/${name}`)?.has(version) ?? false
  }

  /** It may be sent once more. */
  forget(kind: ResourceKind, { name, version }: Resource): void {
    this.#versions?.get(`${kind}/${name}`)?.delete(version)
  }

  note(kind: ResourceKind, { name, version }: Resource): void {
    this.#versions ??= new Map()
    const key = `${kind}/${name}`
    const versions = this.#versions.get(key) ?? new Set()
    this.#versions.set(key, versions.add(version))
    for (const oldest of versions) {
      if (versions.size <= mostRemembered) break
      versions.delete(oldest)
    }
  }
}
