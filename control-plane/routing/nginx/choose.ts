import type { Condition, Match, PathMatch, RouteTable } from '../table.ts'
import { cohortOf, conditionsOf, originsFit, type RequestBit } from './conditions.ts'
import type { Names } from './names.ts'
import { canaryPlace, hasWebsockets, lotOf, type Place } from './places.ts'
import { literal, quoted } from './quote.ts'

/**
 * Which place a request goes to: one map over all that routes look at, whose entries nginx tries in their order, so that the first route
 * whose whole match holds takes the request.
 */
export function choosing(table: RouteTable, names: Names): string {
  const bits = conditionsOf(table)
  const variable = (purpose: string) => `$${names.variable(purpose)}`
  const key = [
    variable('refused'),
    variable('secure'),
    variable('client'),
    '$request_method',
    variable('preflight'),
    variable('authority'),
    bits.map((_, index) => variable(`b${index}`)).join(''),
    // Last, because it alone may hold spaces.
    variable('compared'),
  ].join(' ')
  const entries = [
    { pattern: '^1 ', to: 'refused' },
    ...(table.healthPath === undefined
      ? []
      : [{ pattern: pattern({ path: pathPattern({ kind: 'exact', path: table.healthPath }) }), to: 'health' }]),
    // What challenges a domain (ACME's http-01) comes by plain HTTP alone.
    { pattern: String.raw`^0 [0-9]+ \S* \S* \S* \S* [01]* (?!/\.well-known/acme-challenge/)`, to: 'secure' },
    ...table.routes.flatMap((route, index) => {
      const { cors } = route.policy
      const lot = lotOf(route.action, variable(`s${index}`))
      const end = hasWebsockets(route) ? variable('ws') : ''
      const own = matchParts(route.match, bits)
      const cohort = cohortOf(route.action)
      const headers = [...route.match.headers, ...cohort]
      return [
        ...(cors && (route.match.methods.length === 0 || route.match.methods.includes('OPTIONS'))
          ? [{ pattern: pattern(preflightParts(own, route.match, originsFit(cors), bits)), to: `p${index}` }]
          : []),
        ...(cohort.length > 0
          ? [{ pattern: pattern(matchParts({ ...route.match, headers }, bits)), to: `r${index}-${canaryPlace}${end}` }]
          : []),
        { pattern: pattern(own), to: `r${index}${lot}${end}` },
      ]
    }),
  ]
  const lines = entries.map(
    ({ pattern, to }) => `    ${quoted(`~(?s)${pattern}`)} ${to.includes('$') ? `"${to}"` : to};`,
  )
  return [
    ...bits.map((bit, index) => bitMap(bit, variable(`b${index}`))),
    `map "${key}" ${variable('place')} {\n    default none;\n${lines.join('\n')}\n}`,
  ].join('\n')
}

/** What each place is called in logs and counters: its route and the service that it leads to. */
export function namesOfPlaces(places: readonly Place[], text: (word: string) => string, names: Names): string {
  const map = (purpose: string, of: (place: Place) => string) => {
    const lines = places.filter((place) => of(place) !== '').map((place) => `    ${place.id} ${text(of(place))};\n`)
    return `map $${names.variable('place')} $${names.variable(purpose)} {\n    default "";\n${lines.join('')}}`
  }
  return `${map('route', ({ route }) => route.name)}\n${map('service', ({ service }) => service ?? '')}`
}

type Parts = {
  readonly client?: string
  readonly method?: string
  readonly preflight?: string
  readonly host?: string
  readonly bits?: string
  readonly path: string
}

/** A pattern over the whole key. Where a listener sends everything to https, what comes this far is a challenge. */
function pattern({
  client = '\\S*',
  method = '\\S*',
  preflight = '\\S*',
  host = '\\S*',
  bits = '[01]*',
  path,
}: Parts): string {
  return `^0 \\S* ${client} ${method} ${preflight} ${host} ${bits} ${path}`
}

function matchParts(match: Match, bits: readonly RequestBit[]): Parts {
  const wanted = [...match.headers.map(ofHeader), ...match.query.map(ofQuery)]
  return {
    ...(match.clients.length > 0 ? { client: oneOf(match.clients.map(literal)) } : {}),
    ...(match.methods.length > 0 ? { method: oneOf(match.methods) } : {}),
    ...(match.hosts.length > 0 ? { host: `(?i:${match.hosts.map(hostPattern).join('|')})(?::\\d*)?` } : {}),
    ...(wanted.length > 0 ? { bits: bitsPattern(wanted, bits) } : {}),
    path: pathPattern(match.path),
  }
}

/** What browsers ask before a request of another origin: a request by OPTIONS that the route takes, as `table/decide.ts` has it. */
function preflightParts(own: Parts, match: Match, origins: RequestBit, bits: readonly RequestBit[]): Parts {
  const wanted = [...match.headers.map(ofHeader), ...match.query.map(ofQuery), origins]
  return { ...own, method: 'OPTIONS', preflight: '[A-Z]+', bits: bitsPattern(wanted, bits) }
}

const ofHeader = (condition: Condition): RequestBit => ({ of: 'header', condition })
const ofQuery = (condition: Condition): RequestBit => ({ of: 'query', condition })

function bitsPattern(wanted: readonly RequestBit[], bits: readonly RequestBit[]): string {
  const keys = new Set(wanted.map((bit) => JSON.stringify(bit)))
  return bits.map((bit) => (keys.has(JSON.stringify(bit)) ? '1' : '[01]')).join('')
}

function oneOf(texts: readonly string[]): string {
  return `(?:${texts.join('|')})`
}

function hostPattern(host: string): string {
  return host.startsWith('*.') ? `\\S+${literal(host.slice(1))}` : literal(host)
}

/** As `table/path-match.ts` has it. Only the gateway's own paths begin with two slashes. */
function pathPattern({ kind, path }: PathMatch): string {
  if (path === '/') return kind === 'prefix' ? '/(?!/)' : '/\\z'
  const parts = path.slice(1).split('/')
  const all = parts.map((part) => `/${part.startsWith('{') ? '[^/]+' : literal(part)}`).join('')
  return `${all}${kind === 'prefix' ? '(?:/|\\z)' : '/?\\z'}`
}

function bitMap(bit: RequestBit, variable: string): string {
  const yes = bit.of !== 'origin' && 'present' in bit.condition && !bit.condition.present ? 0 : 1
  const from =
    bit.of === 'origin' ? '$http_origin' : bit.of === 'query' ? '$request_uri' : headerVariable(bit.condition.name)
  return `map ${from} ${variable} { default ${1 - yes}; ${quoted(`~${bitPattern(bit)}`)} ${yes}; }`
}

function headerVariable(name: string): string {
  return `$http_${name.replaceAll('-', '_')}`
}

function bitPattern(bit: RequestBit): string {
  if (bit.of === 'origin') return bit.origins.includes('*') ? '.' : `^${oneOf(bit.origins.map(literal))}\\z`
  const { condition } = bit
  if (bit.of === 'header')
    return 'is' in condition ? `^[ \\t]*${literal(condition.is)}[ \\t]*(?:,|\\z)` : '^[ \\t]*[^ \\t,]'
  const name = literal(condition.name)
  const first = `^[^?]*\\?(?:(?!${name}(?:[=&]|\\z))[^&]*&)*+${name}`
  if (!('is' in condition)) return `${first}(?:[=&]|\\z)`
  return condition.is === '' ? `${first}=?(?:&|\\z)` : `${first}=${literal(condition.is)}(?:&|\\z)`
}
