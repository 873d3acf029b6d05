/** The little of RFC 6455 that a client needs whose server sends each message in one frame. */
export const opcodes = { text: 1, close: 8, ping: 9, pong: 10 } as const

export type Frame = { readonly opcode: number; readonly payload: Buffer }

/**
 * A frame of a client. What a client sends must be masked; the mask is zero, which leaves the payload as it is.
 * @param payload at most 4 GiB
 */
export function frameOf(opcode: number, payload: string | Buffer): Buffer {
  const length = Buffer.byteLength(payload)
  const extra = length < 126 ? 0 : length < 65_536 ? 2 : 8
  const start = 2 + extra + 4
  const frame = Buffer.allocUnsafe(start + length)
  frame[0] = 0x80 | opcode
  frame[1] = 0x80 | (extra === 0 ? length : extra === 2 ? 126 : 127)
  if (extra === 2) frame.writeUInt16BE(length, 2)
  if (extra === 8) frame.writeBigUInt64BE(BigInt(length), 2)
  frame.fill(0, 2 + extra, start)
  if (typeof payload === 'string') frame.write(payload, start)
  else payload.copy(frame, start)
  return frame
}

/** Takes bytes as they come and gives whole frames. */
export class FrameReader {
  #rest: Buffer | undefined;

  *read(bytes: Buffer): Generator<Frame, void> {
    let data = this.#rest ? Buffer.concat([this.#rest, bytes]) : bytes
    this.#rest = undefined
    for (;;) {
      const end = endOf(data)
      if (!end || end.to > data.length) break
      yield { opcode: (data[0] ?? 0) & 15, payload: data.subarray(end.from, end.to) }
      data = data.subarray(end.to)
    }
    if (data.length > 0) this.#rest = data
  }
}

/** Where the payload of the first frame is; undefined: that is not there yet. */
function endOf(data: Buffer): { readonly from: number; readonly to: number } | undefined {
  if (data.length < 2) return undefined
  const short = (data[1] ?? 0) & 127
  if (short < 126) return { from: 2, to: 2 + short }
  if (short === 126) return data.length < 4 ? undefined : { from: 4, to: 4 + data.readUInt16BE(2) }
  return data.length < 10 ? undefined : { from: 10, to: 10 + Number(data.readBigUInt64BE(2)) }
}
