import { declaredPath } from '../routes/draft.ts'
import { isHost } from './words.ts'

/** What a gateway does by itself, as a declaration says it. */
export type OwnAction =
  | { readonly redirect: Readonly<Record<string, string | number>> }
  | { readonly answer: Readonly<Record<string, string | number>> }

export type CarriedAction = { readonly action: OwnAction; readonly note?: string } | { readonly why: string }

/** What `return` does. @param serverName the first name of its server */
export function returned(args: readonly string[], serverName: string | undefined, contentType: string): CarriedAction {
  const [first = '', text] = args
  if (!/^\d+$/.test(first)) return redirected(302, first, serverName)
  const status = Number(first)
  if ([301, 302, 303, 307, 308].includes(status)) return redirected(status, text ?? '', serverName)
  if (status === 444) {
    return { action: { answer: { status: 403 } }, note: 'a connection is not closed without an answer: it is 403' }
  }
  if (status < 200 || status > 599) return { why: `${status} cannot be declared` }
  if (text?.includes('$')) return { why: 'answers have no variables' }
  if (text !== undefined && text.length > 2000) return { why: 'answers have up to 2000 characters' }
  if (text === undefined || text === '') return { action: { answer: { status } } }
  const typed = /^[\w.+-]+\/[\w.+-]+(?:; ?charset=[\w-]+)?$/.test(contentType) ? contentType : 'text/plain'
  return { action: { answer: { status, content_type: typed, body: text } } }
}

/** What `rewrite ... permanent` or `redirect` does, or one to another host. */
export function redirectedBy(
  pattern: string,
  replacement: string,
  status: number,
  serverName: string | undefined,
): { readonly exact: string | undefined; readonly carried: CarriedAction } {
  const target = replacement.replace(/\?$/, '')
  // Everything, the path as it came.
  if (/^\^?\(\.\*\)\$?$/.test(pattern) && /\$1$/.test(target)) {
    return { exact: undefined, carried: redirected(status, target.replace(/\$1$/, '$request_uri'), serverName) }
  }
  if (/^\^\/\(\.\*\)\$?$/.test(pattern) && /\/\$1$/.test(target)) {
    return { exact: undefined, carried: redirected(status, target.replace(/\/\$1$/, '$request_uri'), serverName) }
  }
  if (/^(?:\^|\.\*|\^\.\*\$?|\/)$/.test(pattern))
    return { exact: undefined, carried: redirected(status, target, serverName) }
  const [, literal] = /^\^((?:\/[A-Za-z0-9_~-]*(?:\\?\.[A-Za-z0-9_~-]+)*)+?)(?:\/\?)?\$$/.exec(pattern) ?? []
  const exact = literal === undefined ? undefined : declaredPath(literal.replaceAll('\\.', '.'))
  return exact === undefined
    ? { exact, carried: { why: 'this pattern cannot be declared: a path is taken part by part' } }
    : { exact, carried: redirected(status, target, serverName) }
}

function redirected(status: number, url: string, serverName: string | undefined): CarriedAction {
  const named = serverName === undefined ? url : url.replaceAll('$server_name', serverName)
  const [, scheme, host = '', port, rest = ''] =
    /^(?:(https?|\$scheme):\/\/([^/:$]+|\$host|\$http_host)(?::(\d+))?)?(.*)$/s.exec(named) ?? []
  const toHost = /^\$/.test(host) || host === '' ? undefined : host.toLowerCase()
  if (toHost !== undefined && !isHost(toHost)) return { why: `"${host}" cannot be declared as a host` }
  const kept = rest === '$request_uri' || rest === '$uri$is_args$args' || rest === '$uri'
  const path = kept ? undefined : declaredPath(rest)
  if (!kept && (path === undefined || rest.includes('$'))) {
    return { why: `a redirect goes to the path as it came or to one that is written out: not to "${url}"` }
  }
  if (status === 303) return redirectNote(302, '303 is 302')
  return redirectNote(status, undefined)

  function redirectNote(status: number, note: string | undefined): CarriedAction {
    const redirect = {
      status,
      ...(scheme === 'http' || scheme === 'https' ? { scheme } : {}),
      ...(toHost === undefined ? {} : { host: toHost }),
      ...(port === undefined ? {} : { port: Number(port) }),
      ...(path === undefined ? {} : { path }),
    }
    if (Object.keys(redirect).length === 1) return { why: `"${url}" leads where it came from` }
    return { action: { redirect }, ...(note === undefined ? {} : { note }) }
  }
}
