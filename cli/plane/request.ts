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
}
