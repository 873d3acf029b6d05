/** Of each answer to a change: a plane that has reduced the journal so far has that change. Names are in lower case, as node:http has them. */
export const revisionHeader = 'x-heddle-revision'
/** Of a request: it is answered from this revision on, or later. */
export const atLeastHeader = 'x-heddle-at-least'

/** The revision in a header; undefined: it has none that can be read. */
export function revisionIn(header: string | readonly string[] | null | undefined): number | undefined {
  return typeof header === 'string' && /^\d{1,15}$/.test(header) ? Number(header) : undefined
}
