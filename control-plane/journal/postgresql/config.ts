import * as z from 'zod/mini'
import { duration, port } from '#shared/config/fields.ts'
import { secretFile } from '#shared/config/secret-file.ts'

const second = 1000
const text = () => z.string().check(z.minLength(1))

/** Where a PostgreSQL holds the journal, instead of a file. Durations in milliseconds once read. */
export const PostgresqlConfig = z.strictObject({
  /** A name, an address, or the folder of its socket. */
  host: text(),
  port: z._default(port(), 5432),
  database: z._default(text(), 'heddle'),
  user: z._default(text(), 'heddle'),
  /** Read whenever a connection is made, so a new password is taken without a restart. */
  password_file: z.optional(secretFile("the password of the plane's user in PostgreSQL", 'postgresql-password')),
  /** verify: the server proves who it is. Left out: verify, but off for loopback and sockets. */
  tls: z.optional(z.enum(['verify', 'off'])),
  /** PEM: the authorities that its certificate is checked by, instead of the well-known ones. */
  ca_file: z.optional(text()),
  /** How many at most. One is for appends alone, so that these never wait for readers. */
  connections: z._default(z.int().check(z.gte(3), z.lte(100)), 6),
  connect_timeout: z._default(duration(100), 3 * second),
  /** After this the server ends a statement; one second later the connection is given up. */
  statement_timeout: z._default(duration(100), 5 * second),
  /**
   * Where it is heard that others appended: true for the same address, another address where a pooler such as PgBouncer stands at that
   * one, false for nowhere. It is a hint: whoever does not hear it looks every 250 ms.
   */
  listen: z._default(z.union([z.boolean(), z.strictObject({ host: text(), port: z._default(port(), 5432) })]), true),
})
export type PostgresqlConfig = z.output<typeof PostgresqlConfig>
