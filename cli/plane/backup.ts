import type { Readable } from 'node:stream'
import got from 'got'
import type { BackupHeader, BackupTrailer } from '#shared/backup/format.ts'
import { checkBackup } from '#shared/backup/read-backup.ts'
import { writeAside } from '#shared/backup/write-aside.ts'
import { queryText, unreachable } from './plane.ts'
import { problemFailure } from './problem.ts'
import type { Credentials } from './token.ts'

export type Download = {
  /** Of the plane, without a trailing slash. */
  readonly address: string
  readonly credentials: Credentials
  readonly file: string
  readonly metrics: boolean
  readonly by: string
  /** For how long nothing may come. */
  readonly idleMs: number
  readonly stop: AbortSignal
  readonly onBytes: (bytes: number) => void
}

export type Downloaded = {
  readonly file: string
  readonly bytes: number
  readonly header: BackupHeader
  readonly trailer: BackupTrailer
}

const asked = 'read a backup'

/**
 * Writes a backup of the plane's store to a new file, reads it back, and only then gives it its name. Rejects with PLANE_UNREACHABLE,
 * PLANE_REFUSED, PLANE_FAILED, BACKUP_FAILED, BACKUP_CUT or ARGUMENT_INVALID; nothing is left behind.
 */
export async function downloadBackup(download: Download): Promise<Downloaded> {
  const { file, onBytes } = download
  let checked: Awaited<ReturnType<typeof checkBackup>> | undefined
  const check = async (aside: string) => {
    checked = await checkBackup(aside)
  }
  const bytes = await writeAside(file, () => begin(download), { check, onBytes })
  if (!checked) throw new Error('A backup that was written was checked.')
  return { file, bytes, ...checked }
}

/** The bytes as the plane sends them, once it has begun. */
async function begin({
  address,
  credentials,
  metrics,
  by,
  idleMs,
  stop,
}: Download): Promise<AsyncIterable<Uint8Array>> {
  const url = `${address}/v1/backup${queryText({ metrics: String(metrics), by })}`
  const headers = await credentials()
  const stream = got.stream(url, {
    headers,
    retry: { limit: 0 },
    followRedirect: false,
    throwHttpErrors: false,
    // It is packed for its own sake.
    decompress: false,
    timeout: { lookup: idleMs, connect: idleMs, response: idleMs, socket: idleMs },
    signal: stop,
  })
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  stream.once('response', ({ statusCode }: { readonly statusCode: number }) => resolve(statusCode))
  stream.once('error', reject)
  const status = await promise.catch((error: unknown) => {
    throw unreachable(address, asked, error)
  })
  if (status === 200) return named(stream, address)
  throw problemFailure(asked, status, await textOf(stream))
}

async function* named(stream: Readable, address: string): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of stream) yield chunk
  } catch (error) {
    throw unreachable(address, asked, error)
  }
}

async function textOf(stream: Readable): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}
