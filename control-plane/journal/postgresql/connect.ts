import { readFile } from 'node:fs/promises'
import { Socket } from 'node:net'
import { type ClientConfig, types } from 'pg'
import { Failure } from '#shared/failure/failure.ts'
import { readSecret } from '#shared/files/read-secret.ts'
import type { PostgresqlConfig } from './config.ts'

const loopback = /^(127\.[\d.]+$|::1$|localhost$|\/)/

/** Of a statement that the server should have ended by itself. */
const graceMs = 1_000

/** `heddle at db.example:5432`, for messages. */
export function databaseName({ database, host, port }: PostgresqlConfig): string {
  return `${database} at ${host}:${port}`
}

/** The sockets of connections, so that those whose server hangs can be closed at the end. */
export class Sockets implements Disposable {
  readonly #open = new Set<Socket>()

  readonly open = (): Socket => {
    const socket = new Socket()
    this.#open.add(socket)
    socket.once('close', () => this.#open.delete(socket))
    return socket
  };

  [Symbol.dispose](): void {
    for (const socket of this.#open) socket.destroy()
  }
}

/**
 * What every connection is made with. Nothing here is state of a session, which a pooler would mix up: time limits are set in each
 * transaction. Rejects with STORE_UNAVAILABLE if the file of the authorities cannot be read.
 */
export async function connectionOptions(
  config: PostgresqlConfig,
  sockets: Sockets,
): Promise<ClientConfig & { readonly query_timeout: number }> {
  const { host, port, database, user, connect_timeout, statement_timeout } = config
  return {
    host,
    port,
    database,
    user,
    password: () => passwordOf(config),
    ssl: await tlsOf(config),
    stream: sockets.open,
    connectionTimeoutMillis: connect_timeout,
    query_timeout: statement_timeout + graceMs,
    keepAlive: true,
    application_name: 'heddle-plane',
    types: { getTypeParser: parserOf },
  }
}

async function passwordOf({ password_file }: PostgresqlConfig): Promise<string> {
  if (password_file === undefined) return ''
  try {
    return await readSecret(password_file)
  } catch (cause) {
    throw unreadable(password_file, 'password_file', cause)
  }
}

async function tlsOf({ host, tls, ca_file }: PostgresqlConfig): Promise<NonNullable<ClientConfig['ssl']>> {
  if ((tls ?? (loopback.test(host) ? 'off' : 'verify')) === 'off') return false
  // An address is checked against the certificate only if it is named here.
  if (ca_file === undefined) return { host, rejectUnauthorized: true }
  try {
    return { host, rejectUnauthorized: true, ca: await readFile(ca_file, 'utf8') }
  } catch (cause) {
    throw unreadable(ca_file, 'ca_file', cause)
  }
}

function unreadable(path: string, setting: string, cause: unknown): Failure {
  return new Failure('STORE_UNAVAILABLE', `cannot read ${path}`, {
    retryable: true,
    cause,
    remedy: `Correct journal.postgresql.${setting}, or let the user of the process read it.`,
  })
}

const int8 = 20
const numeric = 1700

/** Numbers of 64 bits, and sums of them, come as text; ours are all below 2^53. */
const parserOf: typeof types.getTypeParser = (oid: number, format?: 'text' | 'binary') =>
  oid === int8 || oid === numeric ? Number : types.getTypeParser(oid, format as 'text')
