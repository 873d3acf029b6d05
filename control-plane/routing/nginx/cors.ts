import type { Cors, RouteTable } from '../table.ts'
import { conditionsOf, originsFit } from './conditions.ts'
import type { Names } from './names.ts'
import { textWord } from './texts.ts'

const [origin, credentials, expose] = ['o', 'c', 'e'] as const

/**
 * What answers tell browsers of other origins: the route's policy where the origin fits, else what the instance itself says. One variable
 * for each header, over all routes.
 */
export function corsHeaders(
  table: Pick<RouteTable, 'routes'>,
  placesOfRoute: (index: number) => readonly string[],
  names: Names,
): { readonly maps: readonly string[]; readonly lines: readonly string[] } {
  const v = (purpose: string) => `$${names.variable(purpose)}`
  const ruled = table.routes.flatMap((route, index) =>
    route.policy.cors ? [{ cors: route.policy.cors, index, bit: v(bitOf(route.policy.cors, table)) }] : [],
  )
  if (ruled.length === 0) return { maps: [], lines: [] }
  const byPlace = (of: string) => {
    const entries = ruled.flatMap(({ index }) =>
      placesOfRoute(index).map((place) => `    ${place} ${v(`${of}${index}`)};\n`),
    )
    return `map ${v('place')} ${v(`cors_${of}`)} {\n    default "";\n${entries.join('')}}`
  }
  const either = (bit: string, to: string, ours: string, theirs: string) =>
    `map ${bit} ${v(to)} { default ${theirs}; 1 ${ours}; }`
  return {
    maps: [
      ...ruled.flatMap(({ cors, index, bit }) => [
        either(bit, `${origin}${index}`, '$http_origin', '$upstream_http_access_control_allow_origin'),
        either(
          bit,
          `${credentials}${index}`,
          cors.credentials ? 'true' : '""',
          '$upstream_http_access_control_allow_credentials',
        ),
        either(
          bit,
          `${expose}${index}`,
          textWord(cors.expose.join(','), names),
          '$upstream_http_access_control_expose_headers',
        ),
      ]),
      ...[origin, credentials, expose].map(byPlace),
    ],
    lines: [
      `add_header access-control-allow-origin ${v(`cors_${origin}`)} always;`,
      `add_header access-control-allow-credentials ${v(`cors_${credentials}`)} always;`,
      `add_header access-control-expose-headers ${v(`cors_${expose}`)} always;`,
    ],
  }
}

/** The answer to a preflight whose origin and method fit. It carries no token, and needs none. */
export function preflightLines(cors: Cors, names: Names): readonly string[] {
  const header = (name: string, value: string) =>
    value === '' ? [] : [`add_header ${name} ${textWord(value, names)};`]
  return [
    `add_header x-request-id $${names.variable('request_id')};`,
    'add_header access-control-allow-origin $http_origin;',
    ...header('access-control-allow-credentials', cors.credentials ? 'true' : ''),
    ...header('access-control-allow-methods', cors.methods.join(',')),
    ...header('access-control-allow-headers', cors.headers.join(',')),
    ...header('access-control-expose-headers', cors.expose.join(',')),
    ...header('access-control-max-age', String(cors.maxAgeS)),
    'default_type "";',
    `return 200 $${names.variable('nothing')};`,
  ]
}

function bitOf(cors: Cors, table: Pick<RouteTable, 'routes'>): string {
  const wanted = JSON.stringify(originsFit(cors))
  return `b${conditionsOf(table).findIndex((bit) => JSON.stringify(bit) === wanted)}`
}
