import type { NamedRouteView, RouteOnGateway } from '#shared/protocol/route-explain.ts'
import { choiceLines } from './route-explain.ts'
import type { Style } from './style.ts'

/** Of a prefix such as "/" nearly all routes are tried before. */
const mostBefore = 10

/** A route as each gateway has it: the answer first, then what it rests on. */
export function showNamedRoute({ route, gateways, near }: NamedRouteView, style: Style): string {
  if (gateways.length > 0) return gateways.map((gateway) => showOnGateway(gateway, style)).join('\n\n')
  const meant = near.length === 0 ? '' : ` Did you mean ${near.join(' or ')}?`
  return `No gateway has a route ${route}.${meant}`
}

function showOnGateway(view: RouteOnGateway, style: Style): string {
  const { gateway, proxy, answer, source, place, of, before, rejected, choices } = view
  const shown = before.slice(0, mostBefore)
  const more = before.length - shown.length
  return [
    `${style.paint(`${proxy}:${gateway}`, 'strong')}: ${answer}`,
    `  declared at ${source}; number ${place} of ${of} in the order in which routes are tried`,
    `  takes ${taken(view)}`,
    `  to ${view.to}; path ${view.path}; access ${view.access}; ${view.policy.join(', ')}`,
    ...shown.map((each) => `  tried before it: ${each.route} (${each.source}) takes ${taken(each)}`),
    ...(more > 0 ? [`  and ${more} more before it`] : []),
    ...rejected.map((text) => `  rejected: ${text}`),
    ...choiceLines(choices, style),
  ].join('\n')
}

function taken({ match, besides }: Pick<RouteOnGateway, 'match' | 'besides'>): string {
  return [match, ...besides].join(', ')
}
