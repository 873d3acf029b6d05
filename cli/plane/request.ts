import type * as z from 'zod/mini'

/** Without what is undefined. */
export type Query = Readonly<Record<string, string | number | undefined>>

/** One request to the plane. `asked`: what for, in words. */
export type Request = {
  readonly asked: string
  readonly method?: 'GET' | 'PUT' | 'POST'
  readonly path: string
  readonly query?: Query
  readonly body?: object
  /** How long this one request may take at most, in milliseconds. */
  readonly mostMs?: number
  /** Refused with VERSION_CHANGED unless it has this version still. */
  readonly ifMatch?: string
  /** The same call with the same key is done once. */
  readonly key?: string
}

/** Makes a request and reads its answer. Rejects as `Plane` does. */
export type Ask = <T extends z.core.$ZodType>(request: Request, schema: T) => Promise<z.core.output<T>>
/** The same for a list, page by page. */
export type List = <T extends z.core.$ZodType>(request: Request, item: T) => Promise<z.core.output<T>[]>
