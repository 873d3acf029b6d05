import { durationMs } from '#shared/config/fields.ts'
import type { Value } from './statement.ts'

/** A value in the one form in which equal things are equal; or why it is none. */
export type Normal =
  | { readonly kind: 'value'; readonly value: Value; readonly note?: string }
  /** Says nothing: an address that only the host itself understands, an empty text. */
  | { readonly kind: 'nothing'; readonly note?: string }
  | { readonly kind: 'bad'; readonly message: string }

/** As it stands in the file, in short. */
function shown(given: unknown): string {
  return typeof given === 'object' ? 'keys or a list' : (JSON.stringify(given)?.slice(0, 60) ?? typeof given)
}

const bad = (message: string): Normal => ({ kind: 'bad', message })
const value = (value: Value, note?: string): Normal =>
  note === undefined ? { kind: 'value', value } : { kind: 'value', value, note }

/** A name or any other text. */
export function textValue(given: unknown): Normal {
  if (given === null || given === undefined || given === '') return { kind: 'nothing' }
  if (typeof given === 'number' || typeof given === 'boolean') return value(String(given))
  if (typeof given !== 'string') return bad('expected a text')
  const text = given.trim().normalize()
  return text === '' ? { kind: 'nothing' } : value(text)
}

/** A port, in quotes or not. */
export function portValue(given: unknown): Normal {
  if (given === null || given === undefined || given === '') return { kind: 'nothing' }
  const text = typeof given === 'number' || typeof given === 'string' ? String(given).trim() : ''
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0
  if (port < 1 || port > 65535) return bad(`expected a port from 1 to 65535, got ${shown(given)}`)
  return value(port)
}

/** A duration: `30s`, `"30s"`, `3600s`, or a plain number of seconds. In milliseconds. */
export function durationValue(given: unknown): Normal {
  if (given === null || given === undefined || given === '') return { kind: 'nothing' }
  if (typeof given === 'number') return seconds(given, given)
  if (typeof given !== 'string') return bad('expected a duration such as 30s')
  const text = given.trim().toLowerCase()
  if (/^\d+(\.\d+)?$/.test(text)) return seconds(Number(text), given)
  const short = text
    .replace(/\s+/g, '')
    .replace(/(seconds?|secs?)$/, 's')
    .replace(/(minutes?|mins?)$/, 'm')
    .replace(/hours?$/, 'h')
  const ms = durationMs(short)
  return ms === undefined || ms <= 0 ? bad(`expected a duration such as 30s, got ${shown(given)}`) : value(ms)
}

function seconds(number: number, given: unknown): Normal {
  if (!(number > 0) || !Number.isFinite(number)) return bad(`expected a duration such as 30s, got ${shown(given)}`)
  return value(Math.round(number * 1000))
}

/** The address of the manager: an http URL without a trailing slash. */
export function urlValue(given: unknown): Normal {
  const text = textValue(given)
  if (text.kind !== 'value') return text
  const written = String(text.value)
  const whole = /^[a-z][a-z0-9+.-]*:\/\//i.test(written) ? written : `http://${written}`
  if (!URL.canParse(whole) || !/^https?:$/.test(new URL(whole).protocol)) {
    return bad(`expected a URL such as http://10.0.0.2:8888, got ${shown(given)}`)
  }
  const { protocol, host, pathname } = new URL(whole)
  return value(`${protocol}//${host}${pathname}`.replace(/\/+$/, ''))
}

/** An address at which others reach a host; what only the host understands says nothing. */
export function addressValue(given: unknown): Normal {
  const text = textValue(given)
  if (text.kind !== 'value') return text
  const address = String(text.value).replace(/^\[(.*)\]$/, '$1')
  if (/^(localhost|0\.0\.0\.0|127(\.\d{1,3}){3}|::1?)$/i.test(address)) {
    return { kind: 'nothing', note: `${address} means something to the host alone: the agent finds its address itself` }
  }
  return /[\s/]/.test(address) ? bad(`expected an address, got ${shown(given)}`) : value(address.toLowerCase())
}

const balances: Readonly<Record<string, string>> = {
  roundrobin: 'round_robin',
  rr: 'round_robin',
  leastrequest: 'least_request',
  leastrequests: 'least_request',
  leastconnection: 'least_request',
  leastconnections: 'least_request',
  leastconn: 'least_request',
}
const otherBalances =
  /^(weighted|weightedroundrobin|wrr|iphash|sourceiphash|hash|random|consistenthash|ringhash|maglev)$/

/** A way of balancing, in any spelling. */
export function balanceValue(given: unknown): Normal {
  const text = textValue(given)
  if (text.kind !== 'value') return text
  const name = String(text.value)
    .toLowerCase()
    .replace(/[\s_-]+/g, '')
  const known = Object.hasOwn(balances, name) ? balances[name] : undefined
  if (known !== undefined) return value(known)
  if (otherBalances.test(name))
    return { kind: 'nothing', note: `balancing by ${text.value} is not offered: round_robin stands` }
  return bad(`expected round_robin or least_request, got ${shown(given)}`)
}

/** local, cluster, staging or production. */
export function modeValue(given: unknown): Normal {
  const text = textValue(given)
  if (text.kind !== 'value') return text
  const name = String(text.value).toLowerCase()
  const modes: Readonly<Record<string, string>> = {
    prod: 'production',
    stage: 'staging',
    test: 'cluster',
    dev: 'local',
    development: 'local',
  }
  const mode = Object.hasOwn(modes, name) ? (modes[name] ?? name) : name
  return /^(local|cluster|staging|production)$/.test(mode)
    ? value(mode)
    : bad(`expected local, cluster, staging or production, got ${shown(given)}`)
}

/** The path of a health page. */
export function pathValue(given: unknown): Normal {
  const text = textValue(given)
  if (text.kind !== 'value') return text
  const path = String(text.value)
  if (URL.canParse(path)) return value(new URL(path).pathname)
  return path.startsWith('/') ? value(path) : value(`/${path}`)
}

/** Its share of requests, of 100. */
export function weightValue(given: unknown): Normal {
  if (given === null || given === undefined || given === '') return { kind: 'nothing' }
  const number = typeof given === 'number' || typeof given === 'string' ? Number(given) : Number.NaN
  if (!Number.isInteger(number) || number < 0 || number > 1000)
    return bad(`expected a weight from 0 to 1000, got ${shown(given)}`)
  return value(number)
}
