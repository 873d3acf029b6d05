import * as z from 'zod/mini'

const place = z.object({ seq: z.number(), hash: z.string() })

export const AuditQuery = z.object({
  /** Rows after this number. */
  after: z._default(z.coerce.number().check(z.multipleOf(1), z.gte(0)), 0),
  limit: z._default(z.coerce.number().check(z.multipleOf(1), z.gte(1), z.lte(1000)), 100),
})
export type AuditQuery = z.output<typeof AuditQuery>

export const AuditRowView = z.object({
  seq: z.number(),
  at: z.string(),
  caller: z.string(),
  from: z.string(),
  operation: z.string(),
  subject: z.string(),
  /** JSON, or empty. */
  before: z.string(),
  after: z.string(),
  why: z.string(),
  /** Of this row and of all before it. */
  hash: z.string(),
})
export type AuditRowView = z.output<typeof AuditRowView>

export const AuditView = z.object({
  rows: z.array(AuditRowView),
  /** The newest row. */
  head: place,
  /** The newest of those that are no longer kept. */
  dropped: place,
})
export type AuditView = z.output<typeof AuditView>
