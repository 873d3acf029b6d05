import fc from 'fast-check'

type Step = readonly [kind: number, at: number, size: number]

/** No input is longer, unless its beginning was. */
const mostBytes = 256 * 1024

const numbers = [
  '0',
  '-1',
  '1',
  '65536',
  '4294967295',
  '4294967296',
  '9007199254740993',
  '1e309',
  '-0',
  '0x10',
  '1.5e-7',
]
const bytes = [
  0, 1, 0x0a, 0x0d, 0x20, 0x22, 0x2c, 0x3a, 0x5b, 0x5c, 0x5d, 0x7b, 0x7d, 0x7f, 0x80, 0xc0, 0xed, 0xfe, 0xff,
]
const usualTokens = [
  '"',
  "'",
  '\\',
  '[',
  '{',
  ']',
  '}',
  ';',
  '#',
  '\u0000',
  '\r\n',
  '\ufeff',
  '%00',
  '__proto__',
  'é😀',
  '\ud800',
]

/**
 * What somebody may have made of one of `corpus`: bits flipped, bytes put in, taken out, doubled or moved, numbers made others, cut off, joined
 * with another one. @param tokens words of the language, which are put in
 */
export function mutated(corpus: readonly Uint8Array[], tokens: readonly string[] = []): fc.Arbitrary<Buffer> {
  const words = [...usualTokens, ...tokens].map((token) => Buffer.from(token))
  const step = fc.tuple(fc.nat(11), fc.nat(0xff_ffff), fc.nat(0xffff))
  return fc
    .tuple(fc.nat(corpus.length - 1), fc.array(step, { maxLength: 6, size: 'max' }))
    .map(([which, steps]) => steps.reduce((all, each) => applied(all, each, corpus, words), copyOf(corpus, which)))
}

/** The same as text. */
export function mutatedText(corpus: readonly string[], tokens: readonly string[] = []): fc.Arbitrary<string> {
  return mutated(
    corpus.map((text) => Buffer.from(text)),
    tokens,
  ).map((changed) => changed.toString('utf8'))
}

function copyOf(corpus: readonly Uint8Array[], which: number): Buffer {
  return Buffer.from(corpus[which] ?? [])
}

function applied(
  all: Buffer,
  [kind, where, size]: Step,
  corpus: readonly Uint8Array[],
  words: readonly Buffer[],
): Buffer {
  const at = where % (all.length + 1)
  const to = Math.min(all.length, at + 1 + (size % 64))
  switch (kind) {
    case 0:
      if (at < all.length) all[at] = (all[at] ?? 0) ^ (1 << (size % 8))
      return all
    case 1:
      if (at < all.length) all[at] = bytes[size % bytes.length] ?? 0
      return all
    case 2:
      return spliced(all, at, at, words[size % words.length] ?? Buffer.alloc(0))
    case 3:
      return spliced(all, at, to, Buffer.alloc(0))
    case 4:
      return spliced(all, at, at, repeated(all.subarray(at, to), 1 + (size % 40)))
    case 5:
      return all.subarray(0, at)
    case 6: {
      const other = copyOf(corpus, size % corpus.length)
      return spliced(all, at, all.length, other.subarray(other.length === 0 ? 0 : where % other.length))
    }
    case 7:
      return withNumber(all, at, numbers[size % numbers.length] ?? '')
    case 8:
      return Buffer.concat([all.subarray(0, at), all.subarray(to), all.subarray(at, to)])
    case 9:
      return spliced(all, at, at, Buffer.from([size & 0xff, size >> 8, where & 0xff]))
    case 10:
      return spliced(all, at, at, repeated(words[where % words.length] ?? all, size % 100 === 0 ? 20_000 : size % 50))
    default: {
      // A line, or what there is of one, once more somewhere else.
      const end = all.indexOf(10, at)
      return spliced(all, size % (all.length + 1), size % (all.length + 1), all.subarray(at, end < 0 ? to : end + 1))
    }
  }
}

function spliced(all: Buffer, from: number, to: number, piece: Uint8Array): Buffer {
  return all.length + piece.length > mostBytes ? all : Buffer.concat([all.subarray(0, from), piece, all.subarray(to)])
}

function repeated(piece: Uint8Array, times: number): Buffer {
  return Buffer.concat(Array.from({ length: Math.min(times, Math.floor(mostBytes / (piece.length + 1))) }, () => piece))
}

/** The next number in it becomes another one. */
function withNumber(all: Buffer, at: number, number: string): Buffer {
  const isDigit = (byte: number | undefined) => byte !== undefined && byte >= 0x30 && byte <= 0x39
  let from = at
  while (from < all.length && !isDigit(all[from])) from += 1
  let to = from
  while (to < all.length && isDigit(all[to])) to += 1
  return from === to ? all : spliced(all, from, to, Buffer.from(number))
}
