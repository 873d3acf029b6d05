import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, open, readdir, rename, rm, stat, statfs } from 'node:fs/promises'
import { request as askHttp } from 'node:http'
import { request as askHttps } from 'node:https'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import * as z from 'zod/mini'
import { Failure } from '#shared/failure/failure.ts'
import { readBounded } from '#shared/http/read-bounded.ts'
import { packageName } from '#shared/protocol/hand-over.ts'
import { PieceView, pieceBytes, type UpgradeOrder } from '#shared/protocol/upgrade.ts'
import type { Ready } from '../identity/membership.ts'

export type FetchParts = {
  /** Where the file is to lie. */
  readonly folder: string
  /** The plane that the agent talks to now. */
  readonly plane: () => string
  /** How it is connected to. */
  readonly ready: (plane: string, stop: AbortSignal) => Promise<Ready>
}

const pieceWithinMs = 30_000
/** A piece as text, and what is around it. */
const mostAnswerBytes = Math.ceil(pieceBytes / 3) * 4 + 4_096
/** The package that is installed needs room as well, and what others have there. */
const roomFactor = 6
const sparedBytes = 64 * 1024 * 1024

/**
 * Fetches the file of a release in pieces, going on where an earlier try broke off, and checks it. Resolves with its path.
 * Rejects with RELEASE_DISK or RELEASE_CONTENT, which no other try mends; with anything else, when another try may do.
 */
export async function fetchRelease(
  { signed, bytes }: UpgradeOrder,
  { folder, plane, ready }: FetchParts,
  stop: AbortSignal,
): Promise<string> {
  const { sha256 } = signed.manifest
  const path = join(folder, packageName(sha256))
  const part = `${path}.part`
  await mkdir(folder, { recursive: true, mode: 0o755 })
  await removeOthers(folder, sha256)
  if ((await sizeOf(path)) === bytes) return path
  let here = Math.min((await sizeOf(part)) ?? 0, bytes)
  await needRoom(folder, bytes, here)
  while (here < bytes) {
    stop.throwIfAborted()
    const at = plane()
    const piece = await askPiece(at, await ready(at, stop), `/v1/upgrades/releases/${sha256}/pieces/${here}`, stop)
    if (piece.bytes !== bytes || piece.offset !== here || piece.data.length === 0)
      throw new Error('the plane has another file')
    const data = Buffer.from(piece.data, 'base64')
    if (data.length > pieceBytes || here + data.length > bytes) throw new Error('the piece is too large')
    await writePiece(part, data, here)
    here += data.length
  }
  const found = await hashOf(part)
  if (found !== sha256) {
    await rm(part, { force: true })
    throw new Failure('RELEASE_CONTENT', `the plane sent another file than was signed: its SHA-256 is ${found}`)
  }
  await rename(part, path)
  return path
}

/** SHA-256 of a file in hexadecimal digits. */
export async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash)
  return hash.digest('hex')
}

async function writePiece(part: string, data: Buffer, offset: number): Promise<void> {
  try {
    await using file = await open(part, offset === 0 ? 'w' : 'r+', 0o644)
    await file.write(data, 0, data.length, offset)
    await file.datasync()
  } catch (cause) {
    throw new Failure('RELEASE_DISK', `${part} cannot be written`, { cause })
  }
}

async function needRoom(folder: string, bytes: number, here: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder)
  const free = bavail * bsize
  const needed = bytes * roomFactor - here + sparedBytes
  if (free >= needed) return
  const told = (count: number) => `${Math.ceil(count / 1e6)} MB`
  throw new Failure('RELEASE_DISK', `${told(needed)} are needed beside ${folder}, and ${told(free)} are free`)
}

/** Files of other releases: one is enough. */
async function removeOthers(folder: string, sha256: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (/\.deb(\.part)?$/.test(name) && !name.startsWith(sha256)) await rm(join(folder, name), { force: true })
  }
}

async function sizeOf(path: string): Promise<number | undefined> {
  return (await stat(path).catch(() => undefined))?.size
}

async function askPiece(plane: string, ready: Ready, path: string, stop: AbortSignal): Promise<PieceView> {
  if (ready.kind === 'failed') throw new Error(ready.why)
  const url = new URL(`${plane.replace(/\/+$/, '')}${path}`)
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const signal = AbortSignal.any([stop, AbortSignal.timeout(pieceWithinMs)])
  const options = { method: 'GET', agent: false, signal, headers: { accept: 'application/json' } } as const
  const request = ready.kind === 'tls' ? askHttps(url, { ...options, ...ready.options }) : askHttp(url, options)
  request.on('error', reject)
  request.on('response', (response) => {
    readBounded(response, mostAnswerBytes).then(({ body, truncated }) => {
      const text = body.toString('utf8')
      if (truncated) reject(new Error('its answer is too large'))
      else if (response.statusCode === 200) resolve(text)
      else reject(new Error(`the plane answered with ${response.statusCode}: ${text.slice(0, 200)}`))
    }, reject)
  })
  request.end()
  return z.parse(PieceView, JSON.parse(await promise))
}
