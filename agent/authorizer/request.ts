import type { IncomingHttpHeaders } from 'node:http'
import { wantedIn } from '#shared/tokens/permissions.ts'
import type { AuthorizerRequest } from './authorizer.ts'

/** A question of a proxy as it came. */
export type Came = {
  readonly url?: string | undefined
  readonly headers: IncomingHttpHeaders
  /** Names and values by turns, every header that came. */
  readonly rawHeaders: readonly string[]
}

export type Question =
  | { readonly kind: 'asked'; readonly gateway: string; readonly request: AuthorizerRequest }
  /** It does not say for whom it is asked. */
  | { readonly kind: 'unclear' }
  | { readonly kind: 'elsewhere' }

/**
 * What a proxy asks. Any method will do, and anything behind the path: Envoy puts those of the request there.
 */
export function readQuestion({ url = '', headers, rawHeaders }: Came): Question {
  if (!/^\/authorize(?:[/?]|$)/.test(url)) return { kind: 'elsewhere' }
  const gateway = one(headers['x-heddle-gateway'])
  const authenticator = one(headers['x-heddle-authenticator'])
  if (gateway === undefined || authenticator === undefined) return { kind: 'unclear' }
  const permissions = wantedIn(one(headers['x-heddle-permissions']))
  // Of two, the instance might believe the other one.
  const authorization = countOf(rawHeaders, 'authorization') === 1 ? headers.authorization : undefined
  return { kind: 'asked', gateway, request: { authenticator, permissions, authorization } }
}

function one(value: string | string[] | undefined): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

function countOf(rawHeaders: readonly string[], name: string): number {
  let count = 0
  for (let index = 0; index < rawHeaders.length; index += 2) {
    if (rawHeaders[index]?.toLowerCase() === name) count += 1
  }
  return count
}
