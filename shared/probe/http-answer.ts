export const mostHeadBytes = 16 * 1024
export const mostBodyBytes = 64 * 1024
const mostInterimAnswers = 8

/** A complete HTTP/1 answer. */
export type HttpAnswer = {
  readonly status: number
  /** At most 64 KiB. */
  readonly body: Buffer
  /** The body was longer than 64 KiB; the rest was not read. */
  readonly truncated: boolean
  /** The server keeps the connection open and has nothing more to say on it. */
  readonly keepAlive: boolean
}

export type Reading =
  | { readonly kind: 'more' }
  | { readonly kind: 'done'; readonly answer: HttpAnswer }
  /** These bytes are no answer. */
  | { readonly kind: 'bad'; readonly error: string }

const more: Reading = { kind: 'more' }

type Framing =
  | { readonly kind: 'length'; left: number }
  | { readonly kind: 'chunked'; phase: 'size' | 'data' | 'data-end' | 'trailer'; left: number; trailer: number }
  | { readonly kind: 'close' }

type Head = { readonly status: number; readonly framing: Framing; readonly keepAlive: boolean }

/**
 * Reads one answer to a GET out of a stream of bytes, however they are cut. Lenient where real servers are careless (bare line
 * feeds, no reason phrase), strict about where the answer ends. Never throws.
 */
export class AnswerReader {
  #rest: Buffer = Buffer.alloc(0)
  #head: Head | undefined
  readonly #body: Buffer[] = []
  #bodyBytes = 0
  #interim = 0

  /** Whether anything of an answer has arrived. */
  get begun(): boolean {
    return this.#head !== undefined || this.#rest.length > 0 || this.#interim > 0
  }

  push(chunk: Buffer): Reading {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    while (this.#head === undefined) {
      const head = takeHead(this.#rest)
      if (head === undefined) {
        if (!looksLikeHttp(this.#rest)) return { kind: 'bad', error: 'not HTTP' }
        return this.#rest.length > mostHeadBytes ? { kind: 'bad', error: 'head too long' } : more
      }
      this.#rest = head.rest
      const parsed = parseHead(head.text)
      if (typeof parsed === 'string') return { kind: 'bad', error: parsed }
      if (parsed.status >= 200) this.#head = parsed
      else {
        this.#interim += 1
        if (parsed.status === 101 || this.#interim > mostInterimAnswers) {
          return { kind: 'bad', error: `unexpected status ${parsed.status}` }
        }
      }
    }
    return this.#readBody(this.#head)
  }

  /** The server has ended the connection. */
  end(): Reading {
    const head = this.#head
    if (head?.framing.kind === 'close') return this.#done(head, false)
    return { kind: 'bad', error: 'ended early' }
  }

  #readBody(head: Head): Reading {
    const { framing } = head
    switch (framing.kind) {
      case 'length': {
        const part = this.#take(framing.left)
        framing.left -= part
        if (this.#bodyBytes > mostBodyBytes) return this.#done(head, false)
        return framing.left === 0 ? this.#done(head, head.keepAlive) : more
      }
      case 'close':
        this.#take(this.#rest.length)
        return this.#bodyBytes > mostBodyBytes ? this.#done(head, false) : more
      case 'chunked':
        return this.#readChunks(head, framing)
    }
  }

  #readChunks(head: Head, framing: Extract<Framing, { kind: 'chunked' }>): Reading {
    for (;;) {
      if (framing.phase === 'data') {
        framing.left -= this.#take(framing.left)
        if (this.#bodyBytes > mostBodyBytes) return this.#done(head, false)
        if (framing.left > 0) return more
        framing.phase = 'data-end'
      }
      const end = this.#rest.indexOf(10)
      if (end < 0) return this.#rest.length > mostHeadBytes ? { kind: 'bad', error: 'chunk line too long' } : more
      const line = this.#rest.toString('latin1', 0, end).trim()
      this.#rest = this.#rest.subarray(end + 1)
      if (framing.phase === 'size') {
        const size = /^([0-9a-f]{1,8})\s*(;|$)/i.exec(line)?.[1]
        if (size === undefined) return { kind: 'bad', error: 'bad chunk' }
        framing.left = Number.parseInt(size, 16)
        framing.phase = framing.left === 0 ? 'trailer' : 'data'
      } else if (framing.phase === 'data-end') {
        if (line !== '') return { kind: 'bad', error: 'bad chunk' }
        framing.phase = 'size'
      } else {
        if (line === '') return this.#done(head, head.keepAlive)
        framing.trailer += end
        if (framing.trailer > mostHeadBytes) return { kind: 'bad', error: 'trailer too long' }
      }
    }
  }

  /** Moves up to `most` bytes into the body and tells how many. Keeps one byte more than allowed, to know that it was too long. */
  #take(most: number): number {
    const part = this.#rest.subarray(0, most)
    this.#rest = this.#rest.subarray(part.length)
    const kept = part.subarray(0, mostBodyBytes + 1 - this.#bodyBytes)
    if (kept.length > 0) this.#body.push(kept)
    this.#bodyBytes += kept.length
    return part.length
  }

  #done(head: Head, keepAlive: boolean): Reading {
    const truncated = this.#bodyBytes > mostBodyBytes
    const body = Buffer.concat(this.#body).subarray(0, mostBodyBytes)
    return {
      kind: 'done',
      answer: { status: head.status, body, truncated, keepAlive: keepAlive && !truncated && this.#rest.length === 0 },
    }
  }
}

function looksLikeHttp(bytes: Buffer): boolean {
  const start = bytes.toString('latin1', 0, 5)
  return 'HTTP/'.startsWith(start)
}

function takeHead(bytes: Buffer): { readonly text: string; readonly rest: Buffer } | undefined {
  const window = bytes.toString('latin1', 0, Math.min(bytes.length, mostHeadBytes))
  const end = /\r?\n\r?\n/.exec(window)
  if (end === null) return undefined
  return { text: window.slice(0, end.index), rest: bytes.subarray(end.index + end[0].length) }
}

/** The head, or what is wrong with it. */
function parseHead(text: string): Head | string {
  const [first = '', ...lines] = text.split(/\r?\n/)
  const match = /^HTTP\/1\.([01])\s+([1-9]\d\d)(?:\s|$)/.exec(first)
  if (match === null) return 'not HTTP/1'
  const status = Number(match[2])
  let connection = ''
  let chunked = false
  let length: number | undefined
  for (const line of lines) {
    const colon = line.indexOf(':')
    if (colon < 1) continue
    const value = line
      .slice(colon + 1)
      .trim()
      .toLowerCase()
    switch (line.slice(0, colon).trim().toLowerCase()) {
      case 'connection':
        connection += `${value},`
        break
      case 'transfer-encoding':
        chunked = chunked || /\bchunked\b/.test(value)
        break
      case 'content-length': {
        if (!/^\d{1,15}$/.test(value) || (length !== undefined && length !== Number(value))) return 'bad length'
        length = Number(value)
        break
      }
    }
  }
  const asks = connection.split(',').map((word) => word.trim())
  const keepAlive = match[1] === '1' ? !asks.includes('close') : asks.includes('keep-alive')
  const empty = status < 200 || status === 204 || status === 304
  const framing: Framing = empty
    ? { kind: 'length', left: 0 }
    : chunked
      ? { kind: 'chunked', phase: 'size', left: 0, trailer: 0 }
      : length === undefined
        ? { kind: 'close' }
        : { kind: 'length', left: length }
  return { status, framing, keepAlive: keepAlive && framing.kind !== 'close' }
}
