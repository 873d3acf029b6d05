const mebibyte = 1024 * 1024

/** Bytes of an answer that is kept as a whole. */
export const mostAnswerBytes = 32 * mebibyte
/** Of one element of a list, and of all of it: that is read in pieces. */
export const mostRowBytes = 4 * mebibyte
export const mostListBytes = 256 * mebibyte

/** What goes on and on is no answer of a Consul. */
export function tooLarge(): Error {
  return new Error('its answer is too large')
}
