import type { ProbeSpecOf, Verdict } from '../protocol/check.ts'
import { reason } from '../protocol/reason.ts'
import type { ProbeOptions, ProbeResult } from './attempt.ts'
import { readBson, type Said } from './bson.ts'
import { badAnswer, ended, exchange, more, needsLogin, ok, type Step } from './exchange.ts'
import { tamed } from './words.ts'

const mostBytes = 16 * 1024
const opMessage = 2013
const headBytes = 16

/** `hello`, which MongoDB answers before any login. */
export function probeMongodb(spec: ProbeSpecOf<'mongodb'>, options: ProbeOptions): Promise<ProbeResult> {
  return exchange(spec, options, { opening: hello, mostBytes, read: readHello })
}

const hello = message(
  Buffer.concat([
    Buffer.from([0x10]),
    Buffer.from('hello\0'),
    Buffer.from([1, 0, 0, 0]),
    Buffer.from([0x02]),
    Buffer.from('$db\0'),
    Buffer.from([6, 0, 0, 0]),
    Buffer.from('admin\0'),
  ]),
)

function message(elements: Buffer): Buffer {
  const document = Buffer.concat([int32(elements.length + 5), elements, Buffer.from([0])])
  // No flags, one section of kind 0.
  const body = Buffer.concat([int32(0), Buffer.from([0]), document])
  return Buffer.concat([int32(headBytes + body.length), int32(1), int32(0), int32(opMessage), body])
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32LE(value)
  return bytes
}

export function readHello(bytes: Buffer): Step {
  if (bytes.length < headBytes) return more
  const length = bytes.readInt32LE(0)
  const isAnswer = bytes.readInt32LE(8) === 1 && bytes.readInt32LE(12) === opMessage
  if (!isAnswer || length < headBytes + 10 || length > mostBytes) return ended(badAnswer('not MongoDB'))
  if (bytes.length < length) return more
  const said = bytes[headBytes + 4] === 0 ? readBson(documentIn(bytes)) : undefined
  return ended(said ? meaningOf(said) : badAnswer('not MongoDB'))
}

/** The document of the first section; a checksum may follow it. */
function documentIn(bytes: Buffer): Buffer {
  const start = headBytes + 5
  return bytes.subarray(start, start + Math.max(0, bytes.readInt32LE(start)))
}

const commandNotFound = 59
const loginCodes: readonly unknown[] = [13, 18]

function meaningOf(said: Said): Verdict {
  if (said.get('ok') !== 1) {
    const code = said.get('code')
    // Before 4.4.2 it did not know `hello`; it answered all the same.
    if (code === commandNotFound) return ok
    if (loginCodes.includes(code)) return needsLogin
    if (code === undefined && !said.has('errmsg')) return badAnswer('not MongoDB')
    const words = tamed(String(said.get('errmsg') ?? ''))
    return {
      health: 'critical',
      reason: reason('server_error', { code: tamed(String(said.get('codeName') ?? code), 40), word: words }),
    }
  }
  const serves = ['isWritablePrimary', 'ismaster', 'secondary', 'arbiterOnly'].some((key) => said.get(key) === true)
  if (serves) return ok
  // A member of a replica set that starts, recovers or has not been told of its set.
  return { health: 'warning', reason: reason('body_status', { word: 'neither primary nor secondary' }) }
}
