import type { IncomingHttpHeaders } from 'node:http'

const modes = ['ok', 'warning', 'fail', 'hang', 'slow'] as const
export type Mode = (typeof modes)[number]

/**
 * How a Basic Server behaves. ok, warning: as it says. fail: 503 to everything. hang: takes requests and never answers. slow: answers
 * everything after `delayMs`. `name` is the service that it says it is.
 */
export type Behaviour = { readonly mode: Mode; readonly name: string; readonly delayMs: number }

type Asked = {
  /** With its query. */
  readonly path: string
  readonly pathname: string
  readonly method: string
  readonly headers: IncomingHttpHeaders
}

const shownHeaders = ['host', 'x-request-id', 'x-forwarded-for', 'x-client-id', 'x-envoy-original-path']

/** What a Basic Server that behaves so answers. */
export function answerOf(
  { mode, name }: Behaviour,
  who: { readonly instance: string; readonly site: string },
  { path, pathname, method, headers }: Asked,
): { readonly status: number; readonly body: object } {
  const status = mode === 'fail' ? 503 : 200
  if (pathname === '/health') {
    const word = mode === 'fail' ? 'critical' : mode === 'warning' ? 'warning' : 'healthy'
    return { status, body: { status: word, service: name, ...who, version: '1.0.0' } }
  }
  const shown = Object.fromEntries(shownHeaders.flatMap((key) => (key in headers ? [[key, headers[key]]] : [])))
  return { status, body: { service: name, ...who, path, method, headers: shown } }
}

/** The behaviour after a switch, given the switch's JSON; undefined if that makes no sense. */
export function parseSwitch(now: Behaviour, text: string): Behaviour | undefined {
  const wanted = parse(text)
  if (typeof wanted !== 'object' || wanted === null) return undefined
  const { mode = now.mode, name = now.name, delayMs = now.delayMs } = { ...wanted } as Record<string, unknown>
  const known = modes.find((one) => one === mode)
  if (known === undefined || typeof name !== 'string' || typeof delayMs !== 'number') return undefined
  return { mode: known, name, delayMs }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
