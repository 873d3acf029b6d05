import { durationText } from '#shared/config/effective.ts'
import type { Directive } from './parse.ts'
import type { Report } from './report.ts'
import { firstOf, type Scope } from './scope.ts'
import { declaredRate, declaredSize, nginxTime, wholeNumber, whyNoHeader, wordOf } from './words.ts'

type Part = Record<string, unknown>

/** What holds for requests that go to a service. nginx's own defaults differ from Heddle's, so they are written out. */
export function forwardPolicy(scope: Scope, zones: ReadonlyMap<string, Directive>, report: Report): Part {
  const retries = scope.get('proxy_next_upstream')?.[0]?.args.includes('off') === true ? { retries: 0 } : {}
  return {
    ...timeoutOf(scope, report),
    ...retries,
    ...sizeOf(scope, report),
    ...rateOf(scope, zones, report),
    ...rules('request_headers', scope.get('proxy_set_header'), [], report),
    ...rules('response_headers', scope.get('add_header'), scope.get('proxy_hide_header') ?? [], report),
  }
}

/** What holds for answers of the gateway's own. */
export function answerPolicy(scope: Scope, report: Report): Part {
  return rules('response_headers', scope.get('add_header'), [], report)
}

function timeoutOf(scope: Scope, report: Report): Part {
  const directive = firstOf(scope, 'proxy_read_timeout')
  const ms = directive ? nginxTime(directive.args[0] ?? '') : 60_000
  if (ms !== undefined && ms > 0) return { timeout: durationText(ms) }
  if (directive) report.lost(directive, 'this is no time')
  return {}
}

function sizeOf(scope: Scope, report: Report): Part {
  const directive = firstOf(scope, 'client_max_body_size')
  const size = directive ? declaredSize(directive.args[0] ?? '') : '1mb'
  if (size !== undefined) return { max_body: size }
  if (directive) report.lost(directive, 'bodies always have a largest size: 64mb, unless max_body says another')
  return {}
}

function rateOf(scope: Scope, zones: ReadonlyMap<string, Directive>, report: Report): Part {
  const [limit, ...more] = scope.get('limit_req') ?? []
  if (limit === undefined) return {}
  for (const each of more) report.lost(each, 'a route has one rate')
  const zone = zones.get(wordOf(limit.args, 'zone') ?? '')
  const key = zone?.args[0] ?? ''
  const requests = zone?.args.map(declaredRate).find((rate) => rate !== undefined)
  const byAddress = /^\$(?:binary_)?remote_addr$/.test(key)
  if (requests === undefined || (key.includes('$') && !byAddress && key !== '$server_name')) {
    report.lost(limit, 'a rate counts the requests of a route or of each client address')
    return {}
  }
  const burst = wholeNumber(wordOf(limit.args, 'burst') ?? '0')
  const differs = [
    'each route counts for itself',
    ...(burst > 0 && !limit.args.includes('nodelay') ? ['what is too much is answered 429, not held back'] : []),
  ]
  report.note(limit, `carried over, but ${differs.join(', and ')}`)
  return { rate: { requests, burst: Math.min(1_000_000, burst + 1), by: byAddress ? 'address' : 'route' } }
}

/** What Heddle's gateways set in any case, as people write it for nginx. */
const usual: ReadonlySet<string> = new Set([
  'host',
  'connection',
  'upgrade',
  'x-real-ip',
  'x-request-id',
  'x-forwarded-for',
  'x-forwarded-proto',
  'x-forwarded-host',
  'x-forwarded-port',
  'accept-encoding',
])

function rules(
  key: 'request_headers' | 'response_headers',
  setting: readonly Directive[] | undefined,
  hiding: readonly Directive[],
  report: Report,
): Part {
  const set: Record<string, string> = {}
  const remove: string[] = []
  const isRequest = key === 'request_headers'
  for (const directive of setting ?? []) {
    const [name = '', value = ''] = directive.args
    const plain = name.toLowerCase()
    if (isRequest && usual.has(plain) && isUsual(plain, value)) continue
    const why = whyNoHeader(name, value) ?? (isRequest ? undefined : whyNoAnswerHeader(plain))
    if (why !== undefined) report.lost(directive, why)
    else if (value === '' && isRequest) remove.push(plain)
    else if (value === '') continue
    else if (plain in set && set[plain] !== value)
      report.lost(directive, 'a header is set to one value: the first stands')
    else set[plain] = value
  }
  for (const directive of hiding) {
    const plain = (directive.args[0] ?? '').toLowerCase()
    const why = whyNoHeader(plain, '') ?? whyNoAnswerHeader(plain)
    if (why !== undefined) report.lost(directive, why)
    else if (!remove.includes(plain) && !(plain in set)) remove.push(plain)
  }
  const said = {
    ...(Object.keys(set).length > 0 ? { set } : {}),
    ...(remove.length > 0 ? { remove } : {}),
  }
  return Object.keys(said).length > 0 ? { [key]: said } : {}
}

/** These are every proxy's own word, and an Nginx takes no rule for them. */
function whyNoAnswerHeader(name: string): string | undefined {
  return name === 'server' || name === 'date' ? 'the proxy says this itself' : undefined
}

function isUsual(name: string, value: string): boolean {
  switch (name) {
    case 'host':
      return /^\$(?:host|http_host)(?::\$(?:server_)?port)?$/.test(value)
    case 'connection':
      return value === '' || /upgrade|\$connection/i.test(value)
    case 'accept-encoding':
      return false
    default:
      return value.startsWith('$')
  }
}
