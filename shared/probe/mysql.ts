import type { ProbeSpecOf, Verdict } from '../protocol/check.ts'
import { reason } from '../protocol/reason.ts'
import type { ProbeOptions, ProbeResult } from './attempt.ts'
import { badAnswer, ended, exchange, more, needsLogin, ok, type Step } from './exchange.ts'
import { tamed } from './words.ts'

const mostBytes = 4 * 1024

/**
 * The greeting of MySQL and MariaDB, and a login without a password to its end: a handshake that breaks off counts towards the
 * server's `max_connect_errors`, after which it blocks the host; one that is refused does not.
 */
export function probeMysql(spec: ProbeSpecOf<'mysql'>, options: ProbeOptions): Promise<ProbeResult> {
  return exchange(spec, options, { mostBytes, read: (bytes, said) => readGreeting(bytes, said, spec.user) })
}

type Packet = { readonly number: number; readonly body: Buffer }

/** @param said how many packets of ours the server has got */
export function readGreeting(bytes: Buffer, said: number, user: string): Step {
  const packets = packetsIn(bytes)
  if (packets === 'bad') return ended(badAnswer('not MySQL'))
  const packet = packets[said]
  if (packet === undefined) return more
  if (packet.body[0] === 0xff) return ended(readError(packet.body))
  if (said === 0) return greeted(packet, user)
  return answered(packet)
}

/** The packets that are complete: three bytes of length, a running number, the body. */
function packetsIn(bytes: Buffer): readonly Packet[] | 'bad' {
  const packets: Packet[] = []
  for (let at = 0; at + 4 <= bytes.length; ) {
    const length = bytes.readUIntLE(at, 3)
    if (length === 0 || length > mostBytes) return 'bad'
    if (at + 4 + length > bytes.length) break
    packets.push({ number: bytes[at + 3] ?? 0, body: bytes.subarray(at + 4, at + 4 + length) })
    at += 4 + length
  }
  return packets
}

const longPassword = 0x1
const protocol41 = 0x200
const secureConnection = 0x8000
const pluginAuth = 0x80000

function greeted({ number, body }: Packet, user: string): Step {
  const version = body.indexOf(0, 1)
  const isGreeting = number === 0 && (body[0] === 10 || body[0] === 9) && version > 1
  if (!isGreeting || !/^[\x20-\x7e]+$/.test(body.toString('latin1', 1, version))) return ended(badAnswer('not MySQL'))
  // After the version: thread, half of the scramble, a zero, half of what it can, character set, state, the other half.
  const can = version + 14
  if (body[0] === 9 || body.length < can + 7) return ended(ok)
  const able = (body.readUInt16LE(can) | (body.readUInt16LE(can + 5) << 16)) >>> 0
  if ((able & protocol41) === 0) return ended(ok)
  return { kind: 'say', bytes: packetOf(number + 1, login(user, able)) }
}

function login(user: string, able: number): Buffer {
  const head = Buffer.alloc(32)
  head.writeUInt32LE(((longPassword | protocol41 | secureConnection | pluginAuth) & able) >>> 0, 0)
  head.writeUInt32LE(mostBytes, 4)
  // utf8, which every version knows.
  head[8] = 33
  const name = Buffer.from(`${user.replaceAll('\0', '')}\0`)
  // An empty answer to the scramble: no password.
  return Buffer.concat([head, name, Buffer.from([0]), Buffer.from('mysql_native_password\0')])
}

function packetOf(number: number, body: Buffer): Buffer {
  const head = Buffer.alloc(4)
  head.writeUIntLE(body.length, 0, 3)
  head[3] = number & 0xff
  return Buffer.concat([head, body])
}

const quit = packetOf(0, Buffer.from([1]))

function answered({ number, body }: Packet): Step {
  if (body[0] === 0) return { kind: 'end', verdict: ok, goodbye: quit }
  if (body[0] !== 0xfe) return ended(ok)
  // It wants the password by another method: there is none by that one either.
  const native = body.toString('latin1', 1).startsWith('mysql_native_password\0')
  return { kind: 'say', bytes: packetOf(number + 1, Buffer.alloc(native ? 0 : 1)) }
}

/** It knows who asks and does not let him in: denied, locked, expired, only with TLS, only from elsewhere. */
const denied: ReadonlySet<number> = new Set([1044, 1045, 1130, 1251, 1698, 1820, 1862, 3118, 3159, 4151])
/** It serves those whom it has: too many connections, too many of this user, this host blocked, its limit used up. */
const full: ReadonlySet<number> = new Set([1040, 1129, 1203, 1226])

function readError(body: Buffer): Verdict {
  if (body.length < 3) return badAnswer('not MySQL')
  const code = body.readUInt16LE(1)
  if (denied.has(code)) return needsLogin
  // The SQLSTATE behind a # is left out where it says no more than the code.
  const words = tamed(body.toString('utf8', 3).replace(/^#[0-9A-Z]{5}/, ''))
  return {
    health: full.has(code) ? 'warning' : 'critical',
    reason: reason('server_error', { code: String(code), word: words }),
  }
}
