import { Failure } from '#shared/failure/failure.ts'

/** nginx reads its files through a buffer of 4096 bytes, into which each word has to fit. */
const mostBytes = 3500
const mostCommentLength = 300

/**
 * Any text as one word where nginx looks for no variables: a location, a regular expression, a path. Throws
 * NGINX_TEXT_TOO_LONG for what no nginx can read.
 */
export function quoted(text: string): string {
  // A configuration is no place for a NUL byte, nor for half of a surrogate pair.
  const plain = text.toWellFormed().replaceAll('\0', '\ufffd')
  const word = `"${plain.replace(/["\\]/g, (sign) => `\\${sign}`).replace(/[\n\r\t]/g, (sign) => named[sign] ?? sign)}"`
  if (Buffer.byteLength(word) > mostBytes) {
    throw new Failure(
      'NGINX_TEXT_TOO_LONG',
      `a text of ${plain.length} characters is too long for nginx: ${plain.slice(0, 60)}...`,
    )
  }
  return word
}

const named: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

/**
 * Any text as one word where nginx would put variables in, so that none is: nginx knows no escape for a dollar sign, so a
 * variable with that value stands for it.
 * @param dollar the name of that variable, without its sign
 */
export function value(text: string, dollar: string): string {
  return quoted(text).replaceAll('$', `\${${dollar}}`)
}

/** A pattern that fits exactly `text`, for use inside a regular expression. */
export function literal(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|#\s-]/g, (sign) => `\\x${sign.charCodeAt(0).toString(16).padStart(2, '0')}`)
}

/** Any text as a comment of one line. */
export function comment(text: string): string {
  const plain = text
    .toWellFormed()
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
    .replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, ' ')
  return `# ${plain.length > mostCommentLength ? `${plain.slice(0, mostCommentLength)}...`.toWellFormed() : plain}`
}
