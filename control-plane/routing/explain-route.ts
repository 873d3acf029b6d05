import { nearestFew } from '#shared/config/nearest.ts'
import type { NamedRouteView, RouteOnGateway } from '#shared/protocol/route-explain.ts'
import type { FleetView } from '../fleet/fleet.ts'
import { choiceViews, type LeftOutOf } from './choice-views.ts'
import { leftOutOn } from './left-out-on.ts'
import type { Publisher } from './publisher.ts'
import { describeRoute } from './table/describe.ts'
import { overlap } from './table/overlap.ts'
import { sidesOf } from './table/split.ts'
import type { Route, RouteTable } from './table.ts'
import type { GatewaySeen } from './versions/rollout.ts'

export type RouteParts = {
  readonly publisher: Pick<Publisher, 'frames' | 'published' | 'leftOut'>
  readonly fleet: Pick<FleetView, 'instances' | 'instancesOfService'>
  /** What the proxies of a gateway say of the versions of the declaration; undefined: nothing yet. */
  readonly seen: (gateway: string) => GatewaySeen | undefined
}

const mostNear = 3

/** A route as each gateway has it that has one of this name; where none has, the names that come nearest. */
export function explainRoute(name: string, parts: RouteParts): NamedRouteView {
  const gateways = [...parts.publisher.frames.values()].flatMap((frame) => onGateway(name, frame, parts) ?? [])
  if (gateways.length > 0) return { route: name, gateways, near: [] }
  const names = [...parts.publisher.frames.values()].flatMap(({ routes }) => routes.map((route) => route.name))
  return { route: name, gateways, near: [...nearestFew(name, [...new Set(names)], mostNear)] }
}

type Frame = Omit<RouteTable, 'services'>

function onGateway(name: string, frame: Frame, { publisher, fleet, seen }: RouteParts): RouteOnGateway | undefined {
  const { gateway, proxy, mode } = frame
  const update = publisher.published(gateway)
  // What the gateway has, or what it is to have: a declaration is not sent before the fleet is complete, nor while it is frozen.
  const published = update?.table.routes.some((route) => route.name === name) ? update : undefined
  const routes = (published?.table ?? frame).routes
  const place = routes.findIndex((route) => route.name === name)
  const route = routes[place]
  if (!route) return undefined
  const { proven, rejected = [] } = seen(gateway) ?? {}
  const version = published?.declared ?? null
  const standing = standingOf(mode, version, proven)
  const choices = choicesOf(route, published?.table.services ?? [], leftOutOn(gateway, publisher, fleet))
  const { match, besides, to, path, access, policy, source } = describeRoute(route)
  return {
    ...{ gateway, proxy, mode, version, proven: proven ?? null, standing, rejected: [...rejected] },
    answer: answerOf(route, choices, standingText(standing, version, proven)),
    ...{ match, besides: [...besides], to, path, access, policy: [...policy], source },
    place: place + 1,
    of: routes.length,
    before: routes.slice(0, place).flatMap((other) => (overlap(other.match, route.match) ? beforeView(other) : [])),
    choices,
  }
}

function standingOf(
  mode: Frame['mode'],
  version: number | null,
  proven: number | undefined,
): RouteOnGateway['standing'] {
  if (version === null) return 'unpublished'
  if (mode === 'observe') return 'observed'
  return proven !== undefined && proven >= version ? 'proven' : 'unproven'
}

function standingText(
  standing: RouteOnGateway['standing'],
  version: number | null,
  proven: number | undefined,
): string {
  switch (standing) {
    case 'proven':
      return `its proxies have proven version ${proven}, which has it`
    case 'unproven':
      return `its proxies have not proven version ${version} yet, which has it (${proven === undefined ? 'none is proven' : `proven is ${proven}`})`
    case 'unpublished':
      return 'it is not sent to its proxies yet'
    case 'observed':
      return 'the gateway is observed only: nothing is sent to its proxies'
  }
}

function answerOf({ name, action }: Route, choices: RouteOnGateway['choices'], standing: string): string {
  if (action.kind === 'answer') return `Route ${name} answers ${action.status} by itself; ${standing}.`
  if (action.kind === 'redirect') return `Route ${name} redirects with ${action.status}; ${standing}.`
  const where = choices.map(({ service, percent }) => (choices.length === 1 ? service : `${service} (${percent}%)`))
  const nobody = choices
    .filter(({ percent, candidates }) => percent > 0 && candidates.length === 0)
    .map(({ service }) => `nobody of ${service} can be called: 503`)
  return [`Route ${name} leads to ${where.join(', ')}`, ...nobody, `${standing}.`].join('; ')
}

function beforeView(route: Route): RouteOnGateway['before'][number] {
  const { name, match, besides, source } = describeRoute(route)
  return { route: name, match, besides: [...besides], source }
}

function choicesOf({ action }: Route, services: RouteTable['services'], leftOutOf: LeftOutOf) {
  if (action.kind !== 'forward') return []
  if (!action.split) return choiceViews(action.choices, services, leftOutOf)
  // Both sides, also the one that gets nothing now.
  const weights = new Map(action.choices.map(({ service, weight }) => [service, weight]))
  const sides = sidesOf(action).map((service) => ({ service, weight: weights.get(service) ?? 0 }))
  return choiceViews(sides, services, leftOutOf)
}
