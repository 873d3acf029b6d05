import fc from 'fast-check'
import { mutated } from './mutated.ts'

type Step = readonly [kind: number, node: number, value: number]
type Place = { readonly holder: Record<string, unknown> | unknown[]; readonly key: string | number }

/** Stands for what `JSON.stringify` cannot write; it is put in its place afterwards. */
const marks: Readonly<Record<string, string>> = {
  '@deep-lists@': `${'['.repeat(20_000)}${']'.repeat(20_000)}`,
  '@deep-objects@': `${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}`,
  '@rather-deep@': `${'{"a":['.repeat(40)}1${']}'.repeat(40)}`,
  '@too-large@': '1e400',
  '@minus-zero@': '-0',
  '@many@': `[${Array.from({ length: 3_000 }, (_, n) => n).join(',')}]`,
  '@proto@': '{"__proto__":{"type":"x","length":3},"constructor":{"prototype":{}}}',
}

const values: readonly unknown[] = [
  ...[null, true, false, 0, 1, -1, 1.5, 2 ** 31, 2 ** 53, 1e300, '', 'x', ' ', '0', '-1', 'true', 'null', '[]', '{}'],
  ...['\u0000', '\ud800', 'é😀', '__proto__', 'constructor', 'toString', '../../x', 'x'.repeat(300), '9'.repeat(400)],
  ...[
    '*',
    '%',
    "'",
    '"',
    '\n',
    '\u001b[31m',
    '::ffff:10.0.0.1',
    '169.254.169.254',
    '2026-11-21T12:00:00Z',
    '1970',
    'NaN',
  ],
  ...[[], {}, [[]], [{}], [null], { a: 1 }, Object.keys(marks)].flatMap((value) => [value]),
  ...Object.keys(marks),
]

/** What somebody may send in place of one of `corpus`, as JSON: values of other kinds, fields left out or put in, twice, or under other names. */
export function hostileJson(corpus: readonly unknown[]): fc.Arbitrary<string> {
  const texts = corpus.map((value) => JSON.stringify(value))
  const step = fc.tuple(fc.nat(6), fc.nat(0xffff), fc.nat(0xffff))
  const structural = fc
    .tuple(fc.nat(texts.length - 1), fc.array(step, { maxLength: 4, size: 'max' }))
    .map(([which, steps]) => written(steps.reduce(changed, JSON.parse(texts[which] ?? 'null') as unknown)))
  const bytes = mutated(
    texts.map((text) => Buffer.from(text)),
    [...Object.values(marks).filter((text) => text.length < 1_000), ',"', '":'],
  ).map((all) => all.toString('utf8'))
  return fc.oneof({ weight: 4, arbitrary: structural }, { weight: 1, arbitrary: bytes })
}

function written(value: unknown): string {
  const text = JSON.stringify(value)
  return text.includes('@') ? text.replace(/"(@[a-z-]+@)"/g, (all, mark: string) => marks[mark] ?? all) : text
}

function changed(value: unknown, [kind, node, which]: Step): unknown {
  const places = placesIn(value)
  const place = places[node % (places.length + 1)]
  const other = structuredClone(values[which % values.length])
  if (!place) return kind === 0 ? other : value
  const { holder, key } = place
  const present = Reflect.get(holder, key) as unknown
  switch (kind) {
    case 0:
    case 1:
      put(place, other)
      break
    case 2:
      if (Array.isArray(holder)) holder.splice(Number(key), 1)
      else delete holder[key]
      break
    case 3:
      if (Array.isArray(holder)) holder.push(...Array.from({ length: which % 50 }, () => structuredClone(present)))
      else put({ holder, key: `${key}${which % 3}` }, present)
      break
    case 4:
      put(place, which % 2 === 0 ? [present] : { [String(key)]: present })
      break
    case 5:
      put({ holder, key: Array.isArray(holder) ? holder.length : String(values[which % values.length]) }, present)
      break
    default: {
      const from = places[which % places.length]
      if (from) put(place, structuredClone(Reflect.get(from.holder, from.key)))
    }
  }
  return value
}

/** Also under a name such as `__proto__`, as JSON has it. */
function put({ holder, key }: Place, value: unknown): void {
  Object.defineProperty(holder, key, { value, enumerable: true, writable: true, configurable: true })
}

function placesIn(value: unknown, found: Place[] = []): readonly Place[] {
  if (typeof value !== 'object' || value === null || found.length > 500) return found
  const holder = value as Record<string, unknown> | unknown[]
  const keys = Array.isArray(holder) ? holder.keys().toArray() : Object.keys(holder)
  for (const key of keys) {
    found.push({ holder, key })
    placesIn(Reflect.get(holder, key), found)
  }
  return found
}
