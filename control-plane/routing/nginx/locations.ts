import { cannotCheck, noInstance, noWebsocket } from '../answers.ts'
import type { Access, Route, RouteTable, Service } from '../table.ts'
import { accessLines, isCheckable } from './access.ts'
import { answering, answerLines } from './answer-text.ts'
import { preflightLines } from './cors.ts'
import { forwardLines } from './forward.ts'
import { clientRateLines, rateLine } from './limits.ts'
import type { Names } from './names.ts'
import { type Place, placesOf } from './places.ts'
import { comment } from './quote.ts'
import { isCountable } from './rate.ts'
import { redirectLine } from './redirect.ts'

type Required = Extract<Access, { kind: 'required' }>

/** The locations of all routes: for each place its policy and what becomes of a request there. */
export function routeLocations(
  table: RouteTable,
  accesses: readonly Required[],
  names: Names,
): readonly (readonly string[])[] {
  const services = new Map(table.services.map((service) => [service.name, service]))
  return [
    ...placesOf(table).map((place) => {
      const service = place.service === undefined ? undefined : services.get(place.service)
      return placeLocation(place, service, table, accesses, names)
    }),
    ...table.routes.flatMap(({ policy: { cors } }, index) =>
      cors ? [block(`= ${names.place(`p${index}`)}`, ['internal;', ...preflightLines(cors, names)])] : [],
    ),
  ]
}

function placeLocation(
  place: Place,
  service: Service | undefined,
  table: Pick<RouteTable, 'authenticators' | 'clients'>,
  accesses: readonly Required[],
  names: Names,
): readonly string[] {
  const { id, route } = place
  const { rate, access, maxBodyBytes } = route.policy
  const head = [
    'internal;',
    comment(`route "${route.name}", declared at ${route.source}`),
    `client_max_body_size ${maxBodyBytes};`,
  ]
  const location = `= ${names.place(id)}`
  // Validation refuses such by name. What cannot be counted or checked after all is not let in.
  if (!isCheckable(access, table) || (rate && !isCountable(rate)))
    return block(location, [...head, ...answerLines(cannotCheck, names)])
  const first = [
    ...clientRateLines(table, names),
    ...(rate ? [rateLine('route', route.name, rate, names)] : []),
    ...accessLines(access, accesses, names),
  ]
  const { action } = route
  if (action.kind === 'forward' && service !== undefined && service.endpoints.length > 0) {
    const lines = forwardLines(place, action, service, names)
    return block(location, [...head, ...websocketLines(action.websocket, names), ...first, ...lines])
  }
  const { answer, status } = ownAnswer(route, names)
  const { inside, takingOver } = answering(answer, status, first, names.named(id))
  return [...block(location, [...head, ...inside]), ...takingOver.flatMap(([name, lines]) => block(name, lines))]
}

function websocketLines(websocket: boolean, names: Names): readonly string[] {
  if (websocket) return []
  return [`if ($${names.variable('upgrade')}) { ${answerLines(noWebsocket, names).join(' ')} }`]
}

/** What is answered without any instance. */
function ownAnswer(
  { action, policy }: Route,
  names: Names,
): { readonly answer: readonly string[]; readonly status: number } {
  switch (action.kind) {
    case 'forward':
      return { answer: answerLines(noInstance, names), status: noInstance.status }
    case 'redirect':
      return { answer: [redirectLine(action, names)], status: 0 }
    case 'answer': {
      const type = policy.responseHeaders.set.find(({ name }) => name === 'content-type')?.value ?? action.contentType
      return { answer: answerLines({ ...action, contentType: type }, names), status: action.status }
    }
  }
}

function block(head: string, lines: readonly string[]): readonly string[] {
  return [`location ${head} {`, ...lines.map((line) => `    ${line}`), '}']
}
