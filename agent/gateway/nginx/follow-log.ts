import { type FileHandle, open, stat } from 'node:fs/promises'

const chunkBytes = 256 * 1024
/** In one reading; what is beyond is read the next time. */
const mostBytes = 32 * 1024 * 1024
/** No line of ours is longer; what is has no end, and is given up. */
const mostLineBytes = 1024 * 1024

type Opened = { readonly handle: FileHandle; readonly inode: number; offset: number; rest: Buffer }

/** A log that a proxy writes: each line once, from the moment of the first reading on, also when the file is put aside and begun anew. */
export class FollowedLog implements AsyncDisposable {
  readonly #path: string
  #opened: Opened | undefined
  #begun = false
  #turn: Promise<unknown> = Promise.resolve()

  constructor(path: string) {
    this.#path = path
  }

  /** Hands over the lines that have come, one reading after the other. Resolves with false where the file cannot be read. */
  read(onLine: (line: string) => void): Promise<boolean> {
    const read = this.#turn.then(() => this.#read(onLine))
    this.#turn = read.catch(() => {})
    return read
  }

  async #read(onLine: (line: string) => void): Promise<boolean> {
    const present = await stat(this.#path).catch(() => undefined)
    const before = this.#opened
    if (before) {
      await this.#readOn(before, onLine)
      // Asked after reading: it grows meanwhile, and what is shorter than what was read has been cut.
      const cut = (await before.handle.stat()).size < before.offset
      if (cut && present?.ino === before.inode) Object.assign(before, { offset: 0, rest: Buffer.alloc(0) })
      // A file that is not there at the moment may be the same one in a moment.
      if (!present || present.ino === before.inode) return true
      await before.handle.close()
      this.#opened = undefined
    }
    const first = !this.#begun
    if (!present) {
      // What a file holds that comes later is all new.
      this.#begun = true
      return false
    }
    const handle = await open(this.#path, 'r').catch(() => undefined)
    if (!handle) return false
    const { ino, size } = await handle.stat()
    this.#begun = true
    this.#opened = { handle, inode: ino, offset: first ? size : 0, rest: Buffer.alloc(0) }
    if (!first) await this.#readOn(this.#opened, onLine)
    return true
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#opened?.handle.close()
    this.#opened = undefined
  }

  async #readOn(opened: Opened, onLine: (line: string) => void): Promise<void> {
    const buffer = Buffer.allocUnsafe(chunkBytes)
    for (let total = 0; total < mostBytes; ) {
      const { bytesRead } = await opened.handle.read(buffer, 0, chunkBytes, opened.offset)
      if (bytesRead === 0) return
      total += bytesRead
      opened.offset += bytesRead
      opened.rest = lines(Buffer.concat([opened.rest, buffer.subarray(0, bytesRead)]), onLine)
    }
  }
}

/** Hands over the whole lines, and answers what is after the last of them. */
function lines(text: Buffer, onLine: (line: string) => void): Buffer {
  let from = 0
  for (let end = text.indexOf(10); end >= 0; end = text.indexOf(10, from)) {
    if (end > from) onLine(text.toString('utf8', from, end))
    from = end + 1
  }
  const rest = text.subarray(from)
  return rest.length > mostLineBytes ? Buffer.alloc(0) : Buffer.from(rest)
}
