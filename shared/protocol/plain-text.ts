import * as z from 'zod/mini'

/**
 * Whether a text is one line of whole characters. Half of a surrogate pair becomes something else in each store and each sink, which then
 * never agree; a control character ends lines of logs, configurations and terminals.
 */
export function isPlainText(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return text.isWellFormed() && !/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/.test(text)
}

/** Text in any language, on one line. @param most characters */
export function plainText(most: number) {
  return z
    .string()
    .check(z.maxLength(most), z.refine(isPlainText, { error: 'expected text without control characters' }))
}

/** The same, not empty. */
export function someText(most: number) {
  return plainText(most).check(z.minLength(1))
}

/** Text of any kind and length, of whole characters. */
export function wholeText() {
  return z.string().check(z.refine((text) => text.isWellFormed(), { error: 'expected whole characters' }))
}
