import type * as z from 'zod/mini'

/** One operation of the API, as its document describes it. What it answers wrongly asked is a problem (RFC 9457) in any case. */
export type ApiOperation = {
  readonly method: 'get' | 'put' | 'post' | 'delete'
  /** Below `/v1`, with `{name}` for what varies. */
  readonly path: string
  readonly id: string
  readonly summary: string
  readonly query?: z.core.$ZodType
  readonly body?: z.core.$ZodType
  readonly answer: z.core.$ZodType
  /** Of the answer; JSON unless said. */
  readonly media?: string
  /** Statuses of refusals, besides the 400 of anything that takes input and the 500 that nothing should give. */
  readonly refusals?: readonly number[]
  /**
   * Why a change that does not mind `If-Match` can overwrite nothing: `created` makes something new under an id of its own, `renewed` is a sign
   * of life or a measurement, `done` does something once and has no state of its own, `asked` changes nothing.
   */
  readonly unversioned?: 'created' | 'renewed' | 'done' | 'asked'
  /** paged: a part of a list, with the next one in `Link` · versioned: carries an ETag · conditional: minds `If-Match` */
  readonly marks?: readonly ('paged' | 'versioned' | 'conditional')[]
}
