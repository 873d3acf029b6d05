import fc from 'fast-check'

/** Something that comes in pieces: the bytes, and where they are cut, as shares of 65,536. */
export type Pieces = { readonly bytes: Buffer; readonly cuts: readonly number[] }

export function inPieces(bytes: fc.Arbitrary<Buffer>): fc.Arbitrary<Pieces> {
  return fc.record({ bytes, cuts: fc.array(fc.nat(65_535), { maxLength: 8 }) })
}

export function piecesOf({ bytes, cuts }: Pieces): readonly Buffer[] {
  const places = cuts.map((cut) => Math.floor((cut / 65_536) * bytes.length)).toSorted((a, b) => a - b)
  return [0, ...places].map((from, index) => bytes.subarray(from, places[index] ?? bytes.length))
}
