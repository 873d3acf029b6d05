import { isUtf8 } from 'node:buffer'
import type { IncomingMessage } from 'node:http'
import { Refusal } from './refusal.ts'

/** What is deeper than this is no registration, and would exhaust the stack of whoever walks through it. */
export const mostDepth = 64
/** Of a body that is too large, so much is still taken in, so that the client gets to read the answer. */
const mostDrained = 8 * 1024 * 1024

/**
 * The JSON of a request's body, whatever its content type says: clients forget it as often as not. Undefined: it has none. Throws a
 * refusal: 400 no JSON or broken UTF-8, 413 more than `limit` bytes, 415 compressed or in another character set.
 */
export async function readJson(request: IncomingMessage, limit: number): Promise<unknown> {
  const { headers } = request
  if (headers['transfer-encoding'] === undefined && (headers['content-length'] ?? '0') === '0') return undefined
  refuseOtherEncodings(headers['content-encoding'], headers['content-type'])
  return parseJson(await readBytes(request, limit))
}

function refuseOtherEncodings(encoding: string | undefined, type: string | undefined): void {
  if (encoding !== undefined && encoding !== 'identity') {
    throw new Refusal(415, `a body with Content-Encoding ${encoding} is not read`, [
      { field: 'Content-Encoding', message: 'expected none' },
    ])
  }
  const charset = /;\s*charset\s*=\s*"?([^\s;"]+)/i.exec(type ?? '')?.[1]
  if (charset !== undefined && !/^(utf-?8|us-ascii|ascii)$/i.test(charset)) {
    throw new Refusal(415, `a body in ${charset} is not read`, [{ field: 'Content-Type', message: 'expected UTF-8' }])
  }
}

/** A body read as JSON. Throws a 400 refusal. */
export function parseJson(bytes: Buffer): unknown {
  if (!isUtf8(bytes)) throw bad('is not valid UTF-8')
  const text = bytes.toString('utf8').replace(/^\uFEFF/, '')
  if (text.trim() === '') return undefined
  if (isTooDeep(text)) throw bad(`is nested deeper than ${mostDepth} levels`)
  try {
    return JSON.parse(text)
  } catch {
    throw bad('is not valid JSON')
  }
}

function bad(message: string): Refusal {
  return new Refusal(400, `the body ${message}`, [{ field: '(body)', message }])
}

function isTooDeep(text: string): boolean {
  if (text.length <= mostDepth) return false
  let depth = 0
  let inString = false
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    if (inString) {
      if (code === 0x5c) at += 1
      else if (code === 0x22) inString = false
    } else if (code === 0x22) inString = true
    else if (code === 0x7b || code === 0x5b) {
      depth += 1
      if (depth > mostDepth) return true
    } else if (code === 0x7d || code === 0x5d) depth -= 1
  }
  return false
}

function readBytes(request: IncomingMessage, limit: number): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>()
  const chunks: Buffer[] = []
  let size = 0
  const tooLarge = (headers: Readonly<Record<string, string>> = {}) =>
    new Refusal(
      413,
      `the body has more than ${limit} bytes`,
      [{ field: '(body)', message: `expected at most ${limit} bytes` }],
      {
        headers,
      },
    )
  request.on('data', (chunk: Buffer) => {
    size += chunk.length
    if (size <= limit) chunks.push(chunk)
    // Whoever goes on and on is cut off.
    else if (size > mostDrained) reject(tooLarge({ connection: 'close' }))
    else chunks.length = 0
  })
  let ended = false
  request.on('end', () => {
    ended = true
    if (size > limit) reject(tooLarge())
    else resolve(chunks.length === 1 ? (chunks[0] ?? empty) : Buffer.concat(chunks))
  })
  request.on('error', reject)
  // Each body is closed in the end, and what says where it went wrong is costly.
  request.on('close', () => {
    if (!ended) reject(new Refusal(400, 'the body ended early'))
  })
  return promise
}

const empty = Buffer.alloc(0)
