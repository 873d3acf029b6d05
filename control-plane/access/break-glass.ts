import { once } from 'node:events'
import { chmod, lstat, mkdir, rm } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { join } from 'node:path'
import * as z from 'zod/mini'
import { BreakGlassRequest, type BreakGlassView } from '#shared/access/api.ts'
import { apiTokenText } from '#shared/access/token.ts'
import { explainError, Failure } from '#shared/failure/failure.ts'
import { answerHeaders } from '#shared/http/answer-headers.ts'
import type { Logger } from '#shared/logging/logger.ts'
import type { AccessStore } from '../fleet/access.ts'
import type { AuditDraft } from '../fleet/audit.ts'
import { makeToken } from './make-token.ts'

export type BreakGlassParts = {
  /** The folder of the socket. */
  readonly folder: string
  readonly store: Pick<AccessStore, 'changeApiTokens'>
  readonly audit: (made: { readonly by: string; readonly why: string; readonly subject: string }) => AuditDraft
  readonly log: Logger
  readonly now?: () => number
}

/** Of the socket in its folder. */
export const socketName = 'admin.sock'
export const breakGlassMs = 10 * 60_000
const mostBytes = 4_096
const withinMs = 10_000
const limits = {
  requestTimeout: withinMs,
  headersTimeout: withinMs,
  connectionsCheckingInterval: 1_000,
  keepAliveTimeout: 1_000,
}

/**
 * Lets whoever may enter the folder, root and the user of the plane, be an admin for ten minutes: there is no other way to tell who asks, so
 * the folder must be this user's alone. Rejects with ACCESS_SOCKET_UNUSABLE.
 */
export async function openBreakGlass(parts: BreakGlassParts): Promise<AsyncDisposable> {
  const { folder } = parts
  await needOwnFolder(folder)
  const path = join(folder, socketName)
  const server = createServer(limits, (request, response) => {
    answer(request, response, parts).catch((error: unknown) => {
      const status = error instanceof Failure && error.retryable ? 503 : error instanceof SyntaxError ? 400 : 500
      if (status === 500) parts.log.error({ err: error }, 'nobody could be let in by the socket')
      send(response, status, { detail: explainError(error) })
    })
  })
  server.maxConnections = 8
  // Who reads nothing, or begins nothing, keeps nobody else out for longer.
  server.setTimeout(withinMs)
  // One that a plane left behind which was killed.
  await rm(path, { force: true })
  await listenAt(server, path)
  return {
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

async function needOwnFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
  } catch (cause) {
    throw new Failure('ACCESS_SOCKET_UNUSABLE', `${folder} cannot be made`, { cause })
  }
  const about = await lstat(folder)
  const { uid, mode } = about
  const own = process.getuid?.()
  if (!about.isDirectory()) throw new Failure('ACCESS_SOCKET_UNUSABLE', `${folder} is no folder`)
  if (own !== undefined && uid !== own)
    throw new Failure('ACCESS_SOCKET_UNUSABLE', `${folder} belongs to somebody else`)
  if ((mode & 0o077) !== 0) {
    throw new Failure(
      'ACCESS_SOCKET_UNUSABLE',
      `others may enter ${folder}, whose mode is ${(mode & 0o777).toString(8)}`,
    )
  }
}

async function listenAt(server: Server, path: string): Promise<void> {
  try {
    server.listen(path)
    await once(server, 'listening')
    await chmod(path, 0o600)
  } catch (cause) {
    server.close()
    throw new Failure('ACCESS_SOCKET_UNUSABLE', `cannot listen at ${path}`, { cause })
  }
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { store, audit, log, now = Date.now }: BreakGlassParts,
): Promise<void> {
  if (request.method !== 'POST' || request.url !== '/break-glass') {
    return send(response, 404, { detail: 'There is only POST /break-glass.' })
  }
  const read = z.safeParse(BreakGlassRequest, JSON.parse(await bodyOf(request)))
  if (!read.success) return send(response, 400, { detail: 'It takes {by, why}: 1 to 100 and 1 to 500 characters.' })
  const { by, why } = read.data
  const { token, stored } = makeToken(
    { kind: 'break-glass', name: by, role: 'admin', author: `break-glass:${by}`, lifetimeMs: breakGlassMs },
    now(),
  )
  await store.changeApiTokens({ add: stored, audit: [audit({ by, why, subject: `token:${stored.id}` })] })
  log.warn({ by, why, token: stored.id }, 'somebody on this host was made admin for ten minutes')
  const view: BreakGlassView = {
    token: apiTokenText(token),
    id: stored.id,
    expires_at: new Date(stored.expiresAt).toISOString(),
  }
  send(response, 200, view)
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > mostBytes) throw new SyntaxError('the body is too large')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function send(response: ServerResponse, status: number, body: object): void {
  if (response.headersSent) return void response.destroy()
  response.writeHead(status, { ...answerHeaders, 'content-type': 'application/json' })
  response.end(JSON.stringify(body))
}
