import type { IncomingMessage } from 'node:http'

/** How a browser is given something to keep. */
export type CookieNames = { readonly session: string; readonly signIn: string; readonly secure: boolean }

/**
 * With `__Host-` a browser takes and sends it over TLS only, and no other host can set it. On a plane that this machine alone reaches in
 * plain HTTP a browser would refuse it.
 */
export function cookieNames(plainLoopback: boolean): CookieNames {
  return plainLoopback
    ? { session: 'heddle', signIn: 'heddle-sign-in', secure: false }
    : { session: '__Host-heddle', signIn: '__Host-heddle-sign-in', secure: true }
}

/** The value of a cookie; undefined: there is none, or there are several. */
export function cookieOf({ headers }: Pick<IncomingMessage, 'headers'>, name: string): string | undefined {
  const found = (headers.cookie ?? '')
    .split(';')
    .map((each) => each.trim())
    .filter((each) => each.startsWith(`${name}=`))
    .map((each) => each.slice(name.length + 1))
  // Of two nobody knows which one is meant.
  return found.length === 1 && found[0] !== '' ? found[0] : undefined
}

/** The session that a request shows, under either name. */
export function sessionTextOf(request: Pick<IncomingMessage, 'headers'>): string | undefined {
  return cookieOf(request, '__Host-heddle') ?? cookieOf(request, 'heddle')
}

/** @param maxAgeMs 0: the browser forgets it */
export function setCookie(name: string, value: string, { secure }: CookieNames, maxAgeMs: number): string {
  const age = Math.max(0, Math.floor(maxAgeMs / 1000))
  return `${name}=${value}; Path=/; Max-Age=${age}; HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}`
}
