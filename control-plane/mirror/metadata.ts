import { acceptable } from './names.ts'

/** Consul's limits: pairs in a record, bytes of a value, characters of a key. */
const most = { pairs: 64, valueBytes: 512, keyCharacters: 128 }

const keyPattern = /^(?!consul-|heddle-)[A-Za-z0-9_-]+$/

/**
 * Metadata as Consul takes it: ours first, then what others gave, whose keys are made acceptable and never replace ours. Values
 * may be any UTF-8; what is too long is cut, and what is too much is left out, the last keys first.
 */
export function consulMetadata(
  ours: Readonly<Record<string, string | undefined>>,
  given: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> {
  const metadata: Record<string, string> = {}
  let count = 0
  for (const key in ours) {
    const value = ours[key]
    if (value === undefined || value === '') continue
    metadata[key] = cut(value, most.valueBytes)
    count += 1
  }
  for (const key of Object.keys(given).sort()) {
    if (count === most.pairs) break
    const name = acceptable(key, { pattern: keyPattern, most: most.keyCharacters })
    if (Object.hasOwn(metadata, name)) continue
    metadata[name] = cut(given[key] ?? '', most.valueBytes)
    count += 1
  }
  return metadata
}

/** As much of a text as has room in `bytes`, whole characters only. */
export function cut(text: string, bytes: number): string {
  if (text.length * 3 <= bytes) return text
  const encoded = Buffer.from(text, 'utf8')
  if (encoded.length <= bytes) return text
  let end = bytes
  // Bytes 10xxxxxx continue a character.
  while (end > 0 && ((encoded[end] ?? 0) & 0xc0) === 0x80) end -= 1
  return encoded.toString('utf8', 0, end)
}
