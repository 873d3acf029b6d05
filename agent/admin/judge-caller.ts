import { isIP } from 'node:net'

export type Caller = {
  readonly method: string | undefined
  /** Headers. */
  readonly host: string | undefined
  readonly origin: string | undefined
  readonly site: string | undefined
}

/** Why a question is not answered; undefined: it is. */
export type NotAnswered = { readonly status: 403 | 405 | 421; readonly why: string }

/**
 * Whether somebody who asks for the agent's pages is answered. A web page that a person on this host looks at may not ask: it says where
 * it comes from, or asks under a name of its own that it has lead here.
 * @param names of this host, besides its addresses and `localhost`
 */
export function judgeCaller({ method, host, origin, site }: Caller, names: readonly string[]): NotAnswered | undefined {
  if (method !== 'GET' && method !== 'HEAD') return { status: 405, why: 'only GET and HEAD are answered' }
  const elsewhere = site !== undefined && site !== 'none' && site !== 'same-origin'
  if (origin !== undefined || elsewhere) return { status: 403, why: 'web pages are not answered' }
  if (host === undefined || !isOfHost(host, names)) return { status: 421, why: 'this host is not called so' }
  return undefined
}

/** Whether a Host header names this host: by an address, or by a name that is its own. */
function isOfHost(header: string, names: readonly string[]): boolean {
  const [, inBrackets, plain = ''] = /^(?:\[([^\]]*)\]|([^:]*))(?::\d{1,5})?$/.exec(header) ?? []
  if (inBrackets !== undefined) return isIP(inBrackets) === 6
  const name = plain.toLowerCase().replace(/\.$/, '')
  if (isIP(name) === 4 || name === 'localhost') return true
  return names.some((own) => own.toLowerCase() === name)
}
