import { crc32 } from 'node:zlib'

/** Before each payload: its length and its CRC-32, 32 bits each, little endian. */
const headBytes = 8
/** A length beyond this is damage. */
const mostPayloadBytes = 1024 * 1024

/** A payload as it lies on the disk. */
export function frameOf(payload: string): Buffer {
  const length = Buffer.byteLength(payload)
  const frame = Buffer.allocUnsafe(headBytes + length)
  frame.writeUInt32LE(length, 0)
  frame.write(payload, headBytes)
  frame.writeUInt32LE(crc32(frame.subarray(headBytes)), 4)
  return frame
}

export type Frames = {
  readonly payloads: readonly string[]
  /** How far the bytes are whole frames; what follows is torn or damaged. */
  readonly goodBytes: number
}

/** The payloads up to the first frame that is not whole. */
export function readFrames(bytes: Buffer): Frames {
  const payloads: string[] = []
  let at = 0
  while (at + headBytes <= bytes.length) {
    const length = bytes.readUInt32LE(at)
    const end = at + headBytes + length
    // After a power cut a file may end in zeros, which would be a frame of nothing.
    if (length === 0 || length > mostPayloadBytes || end > bytes.length) break
    const payload = bytes.subarray(at + headBytes, end)
    if (crc32(payload) !== bytes.readUInt32LE(at + 4)) break
    payloads.push(payload.toString())
    at = end
  }
  return { payloads, goodBytes: at }
}
