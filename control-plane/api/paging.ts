import type { Request, Response } from 'express'
import { indexAfter } from '../fleet/kind-ids.ts'

export type Page = { readonly limit: number; readonly after?: string | undefined }

/** The part of a sorted list that a page asks for, and whether there is more. */
export function pageOf<T>(
  sorted: readonly string[],
  { limit, after }: Page,
  view: (id: string) => T | undefined,
): { readonly items: readonly T[]; readonly last: string | undefined; readonly more: boolean } {
  const items: T[] = []
  let last: string | undefined
  for (let index = after === undefined ? 0 : indexAfter(sorted, after); index < sorted.length; index += 1) {
    const id = sorted[index]
    const item = id === undefined ? undefined : view(id)
    if (item === undefined) continue
    if (items.length === limit) return { items, last, more: true }
    items.push(item)
    last = id
  }
  return { items, last, more: false }
}

/** Answers a page, with the address of the next one in `Link` where there is more. */
export function sendPage<T>(
  request: Request,
  response: Response,
  { items, last, more }: { readonly items: readonly T[]; readonly last: string | undefined; readonly more: boolean },
): void {
  if (more && last !== undefined) {
    const [path = '', query = ''] = request.originalUrl.split('?', 2)
    const next = new URLSearchParams(query)
    next.set('after', last)
    response.set('Link', `<${path}?${next}>; rel="next"`)
  }
  response.json(items)
}
