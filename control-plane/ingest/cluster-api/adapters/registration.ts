import * as z from 'zod/mini'
import type { Health } from '#shared/protocol/check.ts'
import { fieldProblems } from '../fields.ts'
import type { FieldProblem } from '../refusal.ts'
import type { Endpoint } from './endpoint.ts'

/** What a client says of one instance, in whatever shape it was sent. */
export type Registration = {
  /** Undefined: it is made from service, node and port. */
  readonly id: string | undefined
  readonly service: string
  readonly type: string | undefined
  /** Which node it says it is on; undefined: its address stands for it. */
  readonly node: string | undefined
  /** Undefined: the client did not say. */
  readonly address: string | undefined
  readonly port: number
  readonly version: string | undefined
  readonly cluster: string | undefined
  readonly tags: readonly string[]
  readonly metadata: Readonly<Record<string, string>>
  /** The URL that it gave for address and port. */
  readonly endpoint: Endpoint | undefined
  /** As they were sent, for reports; undefined: not at all. */
  readonly capabilities: unknown
  readonly config: Readonly<Record<string, unknown>> | undefined
  /** How it says it is. */
  readonly health: Health | undefined
  /** What the client should know of how it was read. */
  readonly notes: readonly string[]
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

/** What most shapes leave out. */
export type Told = Pick<Registration, 'service' | 'port'> &
  Partial<{
    readonly [K in Exclude<keyof Registration, 'metadata' | 'service' | 'port'>]: Registration[K] | null | undefined
  }> & { readonly metadata?: Readonly<Record<string, unknown>> | null | undefined }

export type Complain = (field: string, message: string) => void

export type ShapeParts<S extends z.core.$ZodType> = {
  readonly shape: string
  readonly recognises: Adapter['recognises']
  readonly schema: S
  /** What the body's own checks let through; what is wrong beyond them is said by `complain`. */
  readonly tell: (body: z.core.output<S>, complain: Complain) => Told | undefined
  /** Where the shape has its metadata. */
  readonly metadataField?: string
}

const mostValue = 2_000

/** An adapter from a schema and a function that puts what it read under our names. */
export function adapterOf<S extends z.core.$ZodType>(parts: ShapeParts<S>): Adapter {
  const { shape, recognises, schema, tell, metadataField = 'metadata' } = parts
  const read = (body: unknown): AdaptedRegistration => {
    const result = z.safeParse(schema, body)
    if (!result.success) return { kind: 'problems', problems: fieldProblems(result.error, body) }
    const problems: FieldProblem[] = []
    const told = tell(result.data, (field, message) => problems.push({ field, message }))
    const metadata = asTexts(told?.metadata ?? {})
    for (const [key, value] of Object.entries(metadata)) {
      if (value.length <= mostValue) continue
      problems.push({ field: `${metadataField}.${key}`, message: `expected at most ${mostValue} characters` })
    }
    if (!told || problems.length > 0) return { kind: 'problems', problems }
    return { kind: 'registration', registration: completed(told, metadata) }
  }
  return { shape, recognises, read }
}

function completed(told: Told, metadata: Readonly<Record<string, string>>): Registration {
  return {
    id: told.id ?? undefined,
    service: told.service,
    type: told.type ?? undefined,
    node: told.node ?? undefined,
    address: told.address ?? undefined,
    port: told.port,
    version: (told.version ?? metadata.version)?.slice(0, 100),
    cluster: (told.cluster ?? metadata.cluster_id ?? metadata.cluster)?.slice(0, 63),
    tags: told.tags ?? [],
    metadata,
    endpoint: told.endpoint ?? undefined,
    capabilities: told.capabilities ?? undefined,
    config: told.config ?? undefined,
    health: told.health ?? undefined,
    notes: told.notes ?? [],
  }
}

/** Values of any kind as text: what is no text is written as JSON. */
function asTexts(metadata: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(metadata)
      .filter(([, value]) => value !== undefined)
      .map(([key, value]) => [key, typeof value === 'string' ? value : JSON.stringify(value)]),
  )
}
