/** What a document says at its top in numbers, truths and texts; other kinds of values are passed over. */
export type Said = ReadonlyMap<string, number | boolean | string>

/** Reads the top of a BSON document; undefined if the bytes are none. Never throws. */
export function readBson(bytes: Buffer): Said | undefined {
  if (bytes.length < 5 || bytes.readInt32LE(0) !== bytes.length || bytes.at(-1) !== 0) return undefined
  const said = new Map<string, number | boolean | string>()
  let at = 4
  while (at < bytes.length - 1) {
    const type = bytes[at] ?? 0
    const end = bytes.indexOf(0, at + 1)
    if (end < 0) return undefined
    const name = bytes.toString('utf8', at + 1, end)
    at = end + 1
    const size = sizeOf(type, bytes, at)
    // The last byte is the document's own end.
    if (size === undefined || at + size > bytes.length - 1) return undefined
    const value = scalarAt(type, bytes, at, size)
    if (value !== undefined) said.set(name, value)
    at += size
  }
  return said
}

/** How long a value is, by its type; undefined where that cannot be. */
function sizeOf(type: number, bytes: Buffer, at: number): number | undefined {
  switch (type) {
    case 0x01: // double
    case 0x09: // date
    case 0x11: // timestamp
    case 0x12: // int64
      return 8
    case 0x10: // int32
      return 4
    case 0x08: // boolean
      return 1
    case 0x06: // undefined
    case 0x0a: // null
    case 0x7f: // greatest key
    case 0xff: // least key
      return 0
    case 0x07: // object id
      return 12
    case 0x13: // decimal
      return 16
    case 0x02: // text
    case 0x0d: // code
    case 0x0e: // symbol
      return lengthAt(bytes, at, 1, 4)
    case 0x03: // document
    case 0x04: // list
      return lengthAt(bytes, at, 5, 0)
    case 0x05: // bytes
      return lengthAt(bytes, at, 0, 5)
    case 0x0b: {
      // A pattern and its options, each ended by a zero.
      const pattern = bytes.indexOf(0, at)
      const options = pattern < 0 ? -1 : bytes.indexOf(0, pattern + 1)
      return options < 0 ? undefined : options + 1 - at
    }
    default:
      return undefined
  }
}

function lengthAt(bytes: Buffer, at: number, least: number, more: number): number | undefined {
  if (at + 4 > bytes.length) return undefined
  const length = bytes.readInt32LE(at)
  return length < least ? undefined : length + more
}

function scalarAt(type: number, bytes: Buffer, at: number, size: number): number | boolean | string | undefined {
  switch (type) {
    case 0x01:
      return bytes.readDoubleLE(at)
    case 0x02:
      return bytes.toString('utf8', at + 4, at + size - 1)
    case 0x08:
      return bytes[at] === 1
    case 0x10:
      return bytes.readInt32LE(at)
    case 0x12:
      return Number(bytes.readBigInt64LE(at))
    default:
      return undefined
  }
}
