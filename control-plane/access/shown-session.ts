import type { IncomingMessage } from 'node:http'
import { type CookieNames, cookieOf } from './cookies.ts'
import { csrfHeader, isCsrfToken, trustOf } from './cross-site.ts'
import type { Sessions } from './sessions.ts'

/** What a browser sends by itself, judged by where the request comes from. */
export type Shown =
  | { readonly kind: 'none' }
  /** A page of somebody else may have sent it. */
  | { readonly kind: 'cross-site'; readonly why: string }
  | { readonly kind: 'session'; readonly text: string }

export type SessionProofs = Pick<Sessions, 'remembered' | 'verify'> & {
  readonly shown: (request: IncomingMessage) => Shown
}

export type ShownParts = {
  readonly cookies: CookieNames
  readonly origins: readonly string[]
  readonly encrypted: boolean
}

/** The session that a request shows and means. What is only read is passed over where it is not meant, and what changes something refused. */
export function shownSession(request: IncomingMessage, { cookies, origins, encrypted }: ShownParts): Shown {
  const text = cookieOf(request, cookies.session)
  if (text === undefined) return { kind: 'none' }
  const { method = 'GET', headers } = request
  const trust = trustOf({ method, headers, origins, encrypted })
  if (trust === 'yes') return { kind: 'session', text }
  if (trust === 'no') {
    if (method === 'GET' || method === 'HEAD') return { kind: 'none' }
    return { kind: 'cross-site', why: 'it does not come from a page of this plane' }
  }
  if (isCsrfToken(headers[csrfHeader], text)) return { kind: 'session', text }
  return { kind: 'cross-site', why: `the header ${csrfHeader} is missing or is not that of this session` }
}
