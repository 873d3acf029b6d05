/** What a backslash and a character stand for in a text of MySQL. Of others the character itself is meant. */
const ofMysql: Readonly<Record<string, string>> = {
  ...{ '0': '\0', b: '\b', n: '\n', r: '\r', t: '\t', Z: '\x1a' },
  // For patterns; in a text both characters stay.
  ...{ '%': '\\%', _: '\\_' },
}
/** In PostgreSQL's E'...' and in its COPY. */
const ofPostgresql: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' }

export type Escape = { readonly meant: string; readonly length: number }

/** The longest escape is `\U0010ffff`. */
export const longestEscape = 9

/** What an escape means, and how long it is. @param text what follows the backslash, as bytes */
export function escapeOf(text: string, kind: 'mysql' | 'postgresql'): Escape {
  const char = text.charAt(0)
  if (kind === 'mysql') return { meant: ofMysql[char] ?? char, length: 1 }
  const [, octal, hex, short, long] =
    /^(?:([0-7]{1,3})|x([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))/.exec(text.slice(0, longestEscape)) ?? []
  if (octal !== undefined) return byteOf(octal, 8, octal.length)
  if (hex !== undefined) return byteOf(hex, 16, hex.length + 1)
  const code = short ?? long
  if (code === undefined) return { meant: ofPostgresql[char] ?? char, length: 1 }
  const point = Number.parseInt(code, 16)
  const meant = point <= 0x10ffff ? Buffer.from(String.fromCodePoint(point), 'utf8').toString('latin1') : ''
  return { meant, length: code.length + 1 }
}

function byteOf(digits: string, base: number, length: number): Escape {
  return { meant: String.fromCharCode(Number.parseInt(digits, base) & 0xff), length }
}

/** The fields of a line of COPY, as bytes; null: NULL. */
export function copiedFields(line: string): readonly (string | null)[] {
  return line.split('\t').map((field) => {
    if (field === '\\N') return null
    if (!field.includes('\\')) return field
    return field.replace(/\\([0-7]{1,3}|x[0-9a-fA-F]{1,2}|[\s\S]|$)/g, (_whole, escaped: string) =>
      // COPY knows no \u.
      /^[uU]/.test(escaped) ? escaped : escapeOf(escaped, 'postgresql').meant,
    )
  })
}

/** The bytes that hexadecimal digits stand for. */
export function bytesOf(digits: string): string {
  return Buffer.from(digits.length % 2 === 0 ? digits : `0${digits}`, 'hex').toString('latin1')
}
