import { parseArgs } from 'node:util'
import * as z from 'zod/mini'
import { argumentsError } from '#shared/config/arguments.ts'
import { durationMs } from '#shared/config/fields.ts'
import { ProbeSpec, probeKinds } from '#shared/protocol/check.ts'

/** What `heddle-agent probe ...` asks for. */
export type Asked =
  | { readonly kind: 'probe'; readonly spec: ProbeSpec; readonly json: boolean }
  | { readonly kind: 'help' }
  | { readonly kind: 'wrong'; readonly message: string }

const defaultPorts: Readonly<Record<string, number>> = {
  http: 80,
  https: 443,
  mysql: 3306,
  postgresql: 5432,
  postgres: 5432,
  redis: 6379,
  rediss: 6379,
  mongodb: 27017,
  elasticsearch: 9200,
  neo4j: 7474,
}

/** Reads what follows `probe`: an address and options. The scheme is the kind of check; with an s behind it, it runs within TLS. */
export function readAsked(args: readonly string[]): Asked {
  const parsed = parse(args)
  if (typeof parsed === 'string') return { kind: 'wrong', message: parsed }
  const { values, positionals } = parsed
  if (values.help) return { kind: 'help' }
  const [address, ...more] = positionals
  if (address === undefined || more.length > 0) return { kind: 'wrong', message: 'One address is needed.' }
  const timeoutMs = durationMs(values.timeout)
  if (timeoutMs === undefined || timeoutMs < 1 || timeoutMs > 60_000) {
    return { kind: 'wrong', message: '--timeout: expected a duration such as "500ms" or "2s", at most 60s.' }
  }
  const spec = specOf(address, values.service, timeoutMs)
  return typeof spec === 'string' ? { kind: 'wrong', message: spec } : { kind: 'probe', spec, json: values.json }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        service: { type: 'string', default: '' },
        timeout: { type: 'string', default: '2s' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    })
  } catch (error) {
    return argumentsError(error)
  }
}

/** The probe that an address stands for, or what is wrong with it. */
function specOf(address: string, service: string, timeoutMs: number): ProbeSpec | string {
  const url = URL.canParse(address) ? new URL(address) : undefined
  const scheme = url?.protocol.slice(0, -1) ?? ''
  const { kind, tls } = kindOf(scheme)
  const schemes = probeKinds.map((known) => `${known}://`).join(', ')
  if (url === undefined || kind === undefined || url.hostname === '') {
    return `"${address}" is no address of a known kind: ${schemes}.${hint(address)}`
  }
  const port = url.port === '' ? defaultPorts[scheme] : Number(url.port)
  if (port === undefined || port < 1) return `"${address}" names no port.`
  const { success, data } = z.safeParse(ProbeSpec, {
    kind,
    address: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port,
    timeoutMs,
    service,
    ...(tls ? { tls } : {}),
    // Each kind takes of these what it needs.
    path: hasPath(address) ? `${url.pathname}${url.search}` : '/health',
    user: decoded(url.username) || 'heddle',
    database: decoded(url.pathname.slice(1)) || 'postgres',
  })
  return success ? data : `"${address}" does not fit a check of kind ${kind}.`
}

function kindOf(scheme: string): { readonly kind: ProbeSpec['kind'] | undefined; readonly tls: boolean } {
  const named = scheme === 'postgres' ? 'postgresql' : scheme
  const kind = probeKinds.find((known) => known === named)
  if (kind !== undefined) return { kind, tls: false }
  return { kind: probeKinds.find((known) => `${known}s` === named), tls: true }
}

/** Whether a path was written: `http://host/` asks for another page than `http://host`. */
function hasPath(address: string): boolean {
  return /^[^:]+:\/\/[^/?#]*[/?]/.test(address)
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** What may have been meant by an address that is none. */
function hint(address: string): string {
  const [, port] = /:(\d+)(?:[/?#]|$)/.exec(address) ?? []
  if (port !== undefined && (Number(port) < 1 || Number(port) > 65_535)) return ' A port is a number from 1 to 65535.'
  if (address.includes('://') || !URL.canParse(`http://${address}`)) return ''
  const [scheme = 'http'] = Object.entries(defaultPorts).find(([, usual]) => String(usual) === port) ?? []
  return ` Was ${scheme}://${address} meant?`
}
