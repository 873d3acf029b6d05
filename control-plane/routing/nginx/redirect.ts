import type { Action, RouteTable } from '../table.ts'
import type { Names } from './names.ts'
import { quoted } from './quote.ts'

type Redirect = Extract<Action, { kind: 'redirect' }>

export const secureStatus = 308

/** Where redirects lead takes its host from, with or without what is said of its port. */
export function redirectMaps(table: Pick<RouteTable, 'routes' | 'listeners'>, names: Names): readonly string[] {
  const needed =
    table.routes.some(({ action }) => action.kind === 'redirect') ||
    table.listeners.some(({ redirectToHttps }) => redirectToHttps !== undefined)
  if (!needed) return []
  const v = (purpose: string) => `$${names.variable(purpose)}`
  const map = (from: string, to: string, pattern: string, value: string, otherwise: string) =>
    `map ${from} ${v(to)} { default ${otherwise}; ${quoted(pattern)} ${value}; }`
  return [
    map(v('host'), 'bare_host', String.raw`~^(.*?)(?::\d*)?$`, '$1', v('host')),
    // A port that goes without saying for one scheme says something for the other.
    map(v('host'), 'host_https', '~^(.*):80$', '$1', v('host')),
    map(v('host'), 'host_http', '~^(.*):443$', '$1', v('host')),
  ]
}

export function redirectLine({ status, scheme, host, port, path }: Redirect, names: Names): string {
  const v = (purpose: string) => `\${${names.variable(purpose)}}`
  const own = port !== undefined ? v('bare_host') : scheme === undefined ? v('host') : v(`host_${scheme}`)
  const where = `${host ?? own}${port === undefined ? '' : `:${port}`}`
  return `return ${status} ${quoted(`${scheme ?? '$scheme'}://${where}${path ?? v('path')}${v('query')}`)};`
}

/** Sends a request of a listener that only sends to https there, at the port that the listener names. */
export function secureLine(names: Names): string {
  const v = (purpose: string) => `\${${names.variable(purpose)}}`
  return `return ${secureStatus} "https://${v('bare_host')}:${v('secure')}${v('path')}${v('query')}";`
}
