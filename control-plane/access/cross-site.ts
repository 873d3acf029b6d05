import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'

export const csrfHeader = 'x-heddle-csrf'

export type Came = {
  readonly method: string
  readonly headers: IncomingHttpHeaders
  /** Origins of this plane besides the one that the request itself names. */
  readonly origins: readonly string[]
  readonly encrypted: boolean
}

/** Where a request comes from: a page of ours, somebody's own doing (an address bar, a command), or a page of somebody else. */
export type Site = 'own' | 'nobody' | 'other'

/** By what the browser says of it, which pages cannot change. */
export function siteOf({ headers, origins, encrypted }: Omit<Came, 'method'>): Site {
  const site = headers['sec-fetch-site']
  const { origin, host } = headers
  if (typeof site === 'string') {
    if (site === 'same-origin') return 'own'
    if (site !== 'none') return 'other'
  }
  // An older browser says it of what changes something, at least.
  if (origin === undefined) return 'nobody'
  const own = host === undefined ? [] : [`${encrypted ? 'https' : 'http'}://${host}`]
  return [...own, ...origins].includes(origin) ? 'own' : 'other'
}

/** Whether the session that a browser sends by itself may be believed to be meant. `token`: only with the token of the session beside it. */
export function trustOf(came: Came): 'yes' | 'token' | 'no' {
  const site = siteOf(came)
  if (site === 'other') return 'no'
  if (came.method === 'GET' || came.method === 'HEAD') return 'yes'
  return site === 'own' ? 'token' : 'no'
}

/** What pages of ours send with changes. Whoever has it cannot tell the session from it. */
export function csrfToken(sessionText: string): string {
  return createHash('sha256').update(`csrf ${sessionText}`).digest('base64url')
}

export function isCsrfToken(given: unknown, sessionText: string): boolean {
  if (typeof given !== 'string') return false
  const [a, b] = [given, csrfToken(sessionText)].map((text) => createHash('sha256').update(text).digest())
  return a !== undefined && b !== undefined && timingSafeEqual(a, b)
}
