import type { GatewayFile } from '#shared/protocol/gateway.ts'
import { canaryMark } from '#shared/protocol/gateway-names.ts'
import { askedCanaries } from '../table/split-routes.ts'
import type { RouteTable } from '../table.ts'
import { accessesOf, authorizerUpstream, challenge } from './access.ts'
import { choosing, namesOfPlaces } from './choose.ts'
import { corsHeaders } from './cors.ts'
import { failedWords } from './errors.ts'
import { responseHeaders } from './headers.ts'
import { knownOfRequests } from './known.ts'
import { rateZones } from './limits.ts'
import { logFormat } from './log-format.ts'
import type { Names } from './names.ts'
import { changedPaths } from './path.ts'
import { lots, placesOf } from './places.ts'
import { comment } from './quote.ts'
import { redirectMaps } from './redirect.ts'
import { servers } from './server.ts'
import { longTexts, textWord } from './texts.ts'

/** The file with everything but the services: where the gateway listens, which route takes a request, and what becomes of it there. */
export function listenersFile(table: RouteTable, names: Names): GatewayFile {
  const { gateway, source, listeners } = table
  const head = comment(`Written by Heddle; do not edit. Gateway "${gateway}", declared at ${source}.`)
  const parts = listeners.length === 0 ? [head] : [head, ...content(table, names)]
  return { path: names.listenersFile, content: `${parts.filter(Boolean).join('\n')}\n`, source }
}

function content(table: RouteTable, names: Names): readonly string[] {
  const places = placesOf(table)
  const placesOfRoute = (wanted: number) => places.filter(({ index }) => index === wanted).map(({ id }) => id)
  const cors = corsHeaders(table, placesOfRoute, names)
  const ruled = responseHeaders(table, placesOfRoute, names)
  const challenged = challenge(places, names)
  const answerHeaders = [
    `add_header X-Request-Id $${names.variable('request_id')} always;`,
    ...cors.lines,
    ...ruled.lines,
    ...challenged.lines,
  ]
  return [
    ...[...askedCanaries(table)].sort().map((name) => comment(`${canaryMark.slice(2)}${name}`)),
    knownOfRequests(table, names),
    accessesOf(table).length > 0 ? authorizerUpstream(table, names) : '',
    ...longTexts(table, names),
    ...lots(table, names),
    choosing(table, names),
    namesOfPlaces(places, (text) => textWord(text, names), names),
    ...changedPaths(table, names),
    ...redirectMaps(table, names),
    ...cors.maps,
    ...ruled.maps,
    ...challenged.maps,
    ...rateZones(table, names),
    failedWords(names),
    table.logs.access === undefined ? '' : logFormat(table, names),
    ...servers(table, answerHeaders, names),
  ]
}
