import type { Action } from '../../table.ts'
import type { Json } from '../json.ts'

const codes = {
  301: 'MOVED_PERMANENTLY',
  302: 'FOUND',
  307: 'TEMPORARY_REDIRECT',
  308: 'PERMANENT_REDIRECT',
} as const

/** Envoy's action of a redirect. */
export function redirectAction({ status, scheme, host, port, path }: Extract<Action, { kind: 'redirect' }>): Json {
  return {
    response_code: codes[status],
    ...(scheme === undefined ? {} : { scheme_redirect: scheme }),
    ...(host === undefined ? {} : { host_redirect: host }),
    ...(port === undefined ? {} : { port_redirect: port }),
    ...(path === undefined ? {} : { path_redirect: path }),
  }
}
