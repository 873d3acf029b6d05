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

/** What an Envoy has that has taken a resource and was sent nothing since. */
export type Taken = Held & { readonly resource: Resource }

export const nothingHeld: Held = { version: undefined, resource: undefined, sent: undefined, uncertain: false }
