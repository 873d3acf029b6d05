import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, open, readdir, rename, rm, stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { Failure } from '#shared/failure/failure.ts'
import { pieceBytes } from '#shared/protocol/upgrade.ts'

/** Which file: its hash, and how large it is. */
export type FileOf = { readonly sha256: string; readonly bytes: number }

/** What is left free on the plane's disk for the store beside it. */
const sparedBytes = 256 * 1024 * 1024

/** The files of releases beside the store of this plane, each under its hash. One that is not whole has `.part` behind its name. */
export class ReleaseFiles {
  readonly #folder: string
  #turn: Promise<unknown> = Promise.resolve()

  constructor(folder: string) {
    this.#folder = folder
  }

  /** How much of it is here, in bytes; all of it: it was checked. */
  async here({ sha256 }: Pick<FileOf, 'sha256'>): Promise<number> {
    return (await sizeOf(this.#path(sha256))) ?? (await sizeOf(this.#part(sha256))) ?? 0
  }

  /**
   * Adds a piece to what is here; one that is here already changes nothing. Resolves with how much is here after it.
   * Rejects with RELEASE_PIECE where it does not follow, RELEASE_CONTENT where the whole is another file (then nothing of it is kept), RELEASE_DISK.
   */
  add({ sha256, bytes }: FileOf, offset: number, piece: Buffer): Promise<number> {
    return this.#inTurn(async () => {
      const whole = await sizeOf(this.#path(sha256))
      if (whole !== undefined) return whole
      const part = this.#part(sha256)
      const here = (await sizeOf(part)) ?? 0
      const end = offset + piece.length
      if (end <= here) return here
      if (offset !== here || end > bytes || piece.length > pieceBytes) {
        throw new Failure(
          'RELEASE_PIECE',
          `A piece from byte ${offset} does not follow what is here: ${here} of ${bytes}.`,
        )
      }
      if (offset === 0) await this.#room(bytes)
      await this.#write(part, piece, offset)
      if (end < bytes) return end
      const found = await hashOf(part)
      if (found !== sha256) {
        await rm(part, { force: true })
        throw new Failure('RELEASE_CONTENT', `The file is not the one that was signed: its SHA-256 is ${found}.`)
      }
      await rename(part, this.#path(sha256))
      return end
    })
  }

  /** A piece of a whole file; undefined: it is not here. */
  async read(sha256: string, offset: number): Promise<Buffer | undefined> {
    const size = await sizeOf(this.#path(sha256))
    if (size === undefined || offset < 0 || offset >= size) return undefined
    await using file = await open(this.#path(sha256))
    const buffer = Buffer.alloc(Math.min(pieceBytes, size - offset))
    const { bytesRead } = await file.read(buffer, 0, buffer.length, offset)
    return buffer.subarray(0, bytesRead)
  }

  /** Takes away what is of none of these. */
  async keepOnly(hashes: ReadonlySet<string>): Promise<void> {
    const names = await readdir(this.#folder).catch(() => [])
    for (const name of names) {
      const [sha256 = ''] = name.split('.')
      if (!hashes.has(sha256)) await rm(join(this.#folder, name), { force: true })
    }
  }

  async #room(bytes: number): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 })
    const { bavail, bsize } = await statfs(this.#folder)
    const left = bavail * bsize - bytes
    if (left >= sparedBytes) return
    throw new Failure('RELEASE_DISK', `${this.#folder} has room for ${Math.floor((bavail * bsize) / 1e6)} MB.`)
  }

  async #write(part: string, piece: Buffer, offset: number): Promise<void> {
    try {
      await using file = await open(part, offset === 0 ? 'w' : 'r+', 0o600)
      await file.write(piece, 0, piece.length, offset)
      await file.datasync()
    } catch (cause) {
      throw new Failure('RELEASE_DISK', `${part} cannot be written.`, { cause })
    }
  }

  #path(sha256: string): string {
    return join(this.#folder, sha256)
  }

  #part(sha256: string): string {
    return join(this.#folder, `${sha256}.part`)
  }

  /** Pieces come one after the other, whoever sends them. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work)
    this.#turn = turn.catch(() => {})
    return turn
  }
}

async function sizeOf(path: string): Promise<number | undefined> {
  return (await stat(path).catch(() => undefined))?.size
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash)
  return hash.digest('hex')
}
