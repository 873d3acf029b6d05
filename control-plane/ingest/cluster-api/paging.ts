import * as z from 'zod/mini'
import { indexAfter } from '../../fleet/kind-ids.ts'

export const mostRows = 1_000
const usualRows = 100
/** A page ends early rather than be larger: rows may be long. */
const mostCharacters = 1024 * 1024

export function whole(least: number, most: number) {
  const error = `expected a whole number from ${least} to ${most}`
  return z.optional(
    z.pipe(
      z.string({ error }).check(z.regex(/^\d{1,9}$/, { error })),
      z.pipe(z.transform(Number), z.int().check(z.gte(least, { error }), z.lte(most, { error }))),
    ),
  )
}

export const queryText = () => z.optional(z.string({ error: 'expected it once' }).check(z.maxLength(253)))

/** `a,b`, or the parameter twice, or `all`. */
export function queryWords<T extends string>(known: readonly T[]) {
  const error = `expected any of ${known.join(', ')}, or all`
  const isKnown = (word: string): word is T => (known as readonly string[]).includes(word)
  return z.optional(
    z.pipe(
      z.pipe(
        z.union([z.string(), z.array(z.string())], { error }),
        z.transform((value: string | string[]) => [value].flat().flatMap((part) => part.toLowerCase().split(','))),
      ),
      z.pipe(
        z.array(z.string()).check(z.refine((all) => all.every((word) => isKnown(word) || word === 'all'), { error })),
        z.transform((all): readonly T[] => (all.includes('all') ? known : all.filter(isKnown))),
      ),
    ),
  )
}

/** The parameters by which a list is read piece by piece. */
export const pagingFields = {
  limit: whole(1, mostRows),
  offset: whole(0, 1e9),
  /** `next_cursor` of the page before: unlike an offset it does not slip when something comes or goes. */
  cursor: queryText(),
  page: whole(1, 1e6),
  size: whole(1, mostRows),
  page_size: whole(1, mostRows),
}

export type Paging = { readonly limit: number; readonly offset: number; readonly cursor: string | undefined }

type Asked = {
  readonly limit?: number | undefined
  readonly offset?: number | undefined
  readonly cursor?: string | undefined
  readonly page?: number | undefined
  readonly size?: number | undefined
  readonly page_size?: number | undefined
}

export function pagingOf(asked: Asked): Paging {
  const limit = asked.limit ?? asked.page_size ?? asked.size ?? usualRows
  return { limit, offset: asked.offset ?? ((asked.page ?? 1) - 1) * limit, cursor: asked.cursor }
}

/** A query as the schemas read it: what is there twice is a list. */
export function queryObject(query: URLSearchParams): Readonly<Record<string, string | string[]>> {
  const entries = new Map<string, string | string[]>()
  for (const [key, value] of query) {
    const known = entries.get(key)
    entries.set(key, known === undefined ? value : [known, value].flat())
  }
  return Object.fromEntries(entries)
}

/**
 * One page of a list as JSON: `{<name>: [...], total, limit, offset, next_offset, next_cursor}`. It ends before `limit` rows where
 * they are long; the next page goes on from there.
 * @param textOf the row as JSON; undefined: it has gone meanwhile
 */
export function pageText(
  name: string,
  found: Found,
  { limit, offset, cursor }: Paging,
  textOf: (id: string) => string | undefined,
): string {
  const { total } = found
  const start = cursor === undefined ? Math.min(offset, total) : found.after(cursor)
  const rows: string[] = []
  let characters = 0
  let at = start
  let last: string | null = null
  for (const id of found.from(start)) {
    if (at >= start + limit || (characters >= mostCharacters && rows.length > 0)) break
    at += 1
    last = id
    const text = textOf(id)
    if (text === undefined) continue
    characters += text.length
    rows.push(text)
  }
  const more = at < total
  const rest = { total, limit, offset: start, next_offset: more ? at : null, next_cursor: more ? last : null }
  return `{"${name}":[${rows.join(',')}],${JSON.stringify(rest).slice(1)}`
}

/** All ids that fit, in order, as a page needs them. */
export type Found = {
  readonly total: number
  /** How many of them are not after an id. */
  readonly after: (id: string) => number
  /** Those from the n-th on, n from 0. */
  readonly from: (start: number) => Iterable<string>
}

export function foundIn(sorted: readonly string[]): Found {
  return { total: sorted.length, after: (id) => indexAfter(sorted, id), from: (start) => sorted.slice(start) }
}
