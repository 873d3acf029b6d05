import type { FieldProblem } from '../refusal.ts'

/** What a client says of one instance, in whatever shape it was sent. */
export type Registration = {
  readonly id: string
  readonly service: string
  readonly type: string | undefined
  /** Which node it says it is on. */
  readonly node: string
  /** Undefined: the client did not say. */
  readonly address: string | undefined
  readonly port: number
  readonly version: string | undefined
  readonly cluster: string | undefined
  readonly metadata: Readonly<Record<string, string>>
}

export type AdaptedRegistration =
  | { readonly kind: 'registration'; readonly registration: Registration }
  | { readonly kind: 'problems'; readonly problems: readonly FieldProblem[] }

/** Understands one shape in which clients register. A new shape is one file in this folder and one line in `adapters.ts`. */
export type Adapter = {
  /** By what documentation and answers call the shape. */
  readonly shape: string
  /** Whether the body is meant to have this shape, right or wrong in its details. */
  readonly recognises: (body: Readonly<Record<string, unknown>>) => boolean
  readonly read: (body: unknown) => AdaptedRegistration
}
