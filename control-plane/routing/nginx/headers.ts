import type { Route, RouteTable } from '../table.ts'
import type { Names } from './names.ts'
import { quoted } from './quote.ts'
import { textWord } from './texts.ts'

/** Headers by which Heddle's own parts speak to each other: from a client they never pass. nginx cannot take them off by their beginning. */
const ownHeaders = ['x-heddle-gateway', 'x-heddle-authenticator', 'x-heddle-permissions', 'x-heddle-to-https']

/** What every instance sees, besides what came. */
function usualHeaders(names: Names): readonly (readonly [header: string, value: string])[] {
  const v = (purpose: string) => `$${names.variable(purpose)}`
  return [
    ['Host', v('host')],
    ['Upgrade', v('upgrade')],
    ['Connection', v('connection')],
    ['X-Forwarded-For', v('forwarded')],
    ['X-Forwarded-Proto', '$scheme'],
    ['X-Forwarded-Host', v('host')],
    ['X-Forwarded-Port', '$server_port'],
    ['X-Real-IP', '$remote_addr'],
    ['X-Request-Id', v('request_id')],
    ['X-Client-Id', v('client')],
    ['X-Heddle-Subject', v('subject')],
    ...ownHeaders.map((name) => [name, '""'] as const),
    // Many servers take "_" in a name for "-".
    ...['x-client-id', 'x-heddle-subject', ...ownHeaders].flatMap((name) =>
      withUnderscores(name).map((other) => [other, '""'] as const),
    ),
  ]
}

/** A name with some or all of its "-" as "_". */
function withUnderscores(name: string): readonly string[] {
  const parts = name.split('-')
  const all = parts
    .slice(1)
    .reduce<readonly string[]>(
      (begun, part) => begun.flatMap((start) => [`${start}-${part}`, `${start}_${part}`]),
      [parts[0] ?? ''],
    )
  return all.filter((other) => other !== name)
}

export function usualHeaderLines(names: Names): readonly string[] {
  return usualHeaders(names).map(([header, value]) => `proxy_set_header ${header} ${value};`)
}

/** A location's own headers replace all of its server's: so they come all, where a route has rules. */
export function requestHeaderLines({ policy: { requestHeaders } }: Route, names: Names): readonly string[] {
  const { set, remove } = requestHeaders
  if (set.length === 0 && remove.length === 0) return []
  const given = new Set(set.map(({ name }) => name))
  return [
    ...usualHeaderLines(names),
    ...set.map(({ name, value }) => `proxy_set_header ${name} ${textWord(value, names)};`),
    ...remove.filter((name) => !given.has(name)).map((name) => `proxy_set_header ${name} "";`),
  ]
}

/** Headers of the instances' answers that do not go on; those that a route sets are put in their place by `responseHeaders`. */
export function hiddenHeaderLines({ policy: { responseHeaders, cors } }: Route): readonly string[] {
  const hidden = [
    ...responseHeaders.remove,
    ...responseHeaders.set.map(({ name }) => name),
    ...(cors ? corsAnswerHeaders : []),
  ]
  return hidden.length === 0 ? [] : ['x-request-id', ...new Set(hidden)].map((name) => `proxy_hide_header ${name};`)
}

export const corsAnswerHeaders = [
  'access-control-allow-origin',
  'access-control-allow-credentials',
  'access-control-expose-headers',
]

/**
 * Headers that routes set in answers: one variable for each name, empty for the places of other routes, and for a redirect or an answer
 * that a request is turned away from.
 * All of it stands in the server, because a location with a header of its own would lose the others.
 */
export function responseHeaders(
  { routes }: Pick<RouteTable, 'routes'>,
  placesOfRoute: (index: number) => readonly string[],
  names: Names,
): { readonly maps: readonly string[]; readonly lines: readonly string[] } {
  const rules = routes.flatMap((route, index) =>
    route.policy.responseHeaders.set.map((header) => ({
      ...header,
      // As Envoy has it: they come with whatever a route answers that leads to services, also where it turns a request away.
      places: placesOfRoute(index).flatMap((place) =>
        route.action.kind === 'forward' && header.name !== 'content-type' ? [place, `1${place}`] : [place],
      ),
    })),
  )
  const headers = [...new Set(rules.map(({ name }) => name))].sort()
  const maps = headers.map((header, index) => {
    const own = rules.filter(({ name }) => name === header)
    const entries = own.flatMap(({ value, places }) =>
      places.map((place) =>
        // nginx's own answers have their type already.
        header === 'content-type'
          ? `    ${quoted(`~^${place} .`)} ${textWord(value, names)};\n`
          : `    ${place} ${textWord(value, names)};\n`,
      ),
    )
    const place = `$${names.variable('place')}`
    const from =
      header === 'content-type'
        ? `"${place} $upstream_http_content_type"`
        : `"$${names.variable('turned_away')}${place}"`
    return `map ${from} $${names.variable(`h${index}`)} {\n    default "";\n${entries.join('')}}`
  })
  const lines = headers.map((header, index) => `add_header ${header} $${names.variable(`h${index}`)} always;`)
  return { maps, lines }
}
