import type { FleetView } from '../../fleet/fleet.ts'
import type { Declaration } from '../declaration/declaration.ts'
import { servicesOf } from '../table/services-of.ts'
import type { Traffic } from '../traffic/traffic.ts'
import { diffGateway, type GatewayPlan, gatewayPlans, type PartChange } from './table-diff.ts'

/** What one gateway would get. */
export type GatewayChange = {
  readonly gateway: string
  readonly proxy: 'envoy' | 'nginx'
  readonly mode: 'apply' | 'observe'
  readonly parts: readonly PartChange[]
  /** Names of routes, former and new ones, that may behave otherwise. */
  readonly routes: readonly string[]
}

/** Whom a change may concern. */
export type BlastRadius = {
  readonly gateways: readonly string[]
  /** How many routes of these gateways; one on two gateways counts twice. */
  readonly routes: number
  /** Ids of the instances to which these routes lead now or will. */
  readonly instances: readonly string[]
  /** Requests of the last hour; undefined: not known of every gateway. */
  readonly requests: { readonly concerned: number; readonly all: number } | undefined
}

export type Plan = { readonly changes: readonly GatewayChange[]; readonly radius: BlastRadius }

/** What becomes of each gateway when `after` takes the place of `before`. Of equal declarations nothing does. */
export function planOf(
  before: Declaration | undefined,
  after: Declaration,
  { fleet, traffic, now }: { readonly fleet: FleetView; readonly traffic: Traffic; readonly now: number },
): Plan {
  const was = before ? gatewayPlans(before) : new Map<string, GatewayPlan>()
  const is = gatewayPlans(after)
  const names = [...new Set([...was.keys(), ...is.keys()])].sort()
  const changes = names.flatMap((gateway): readonly GatewayChange[] => {
    const [former, next] = [was.get(gateway), is.get(gateway)]
    const parts = diffGateway(former, next)
    const either = next ?? former
    if (parts.length === 0 || !either) return []
    const routes = concernedRoutes(parts, [former, next])
    return [{ gateway, proxy: either.proxy, mode: either.mode, parts, routes }]
  })
  const services = new Set(changes.flatMap((change) => servicesConcerned(change, [was, is])))
  return {
    changes,
    radius: {
      gateways: changes.map(({ gateway }) => gateway),
      routes: changes.reduce((count, { routes }) => count + routes.length, 0),
      instances: instancesOf(services, fleet),
      requests: requestsOf(changes, [...was.keys()], traffic, now),
    },
  }
}

/** Routes that are others themselves, or that use something that is. */
function concernedRoutes(parts: readonly PartChange[], plans: readonly (GatewayPlan | undefined)[]): readonly string[] {
  const changed = (kind: PartChange['kind']) =>
    new Set(parts.filter((part) => part.kind === kind).map(({ name }) => name))
  const [routes, services, authenticators] = [changed('route'), changed('service'), changed('authenticator')]
  const splits = changed('split')
  // What listeners, clients and the gateway itself say holds for everything that comes in.
  const every = parts.some(({ kind }) => kind === 'gateway' || kind === 'listener' || kind === 'client')
  const names = plans.flatMap((plan) =>
    (plan?.routes ?? []).flatMap((route) => {
      const { access } = route.policy
      const concerned =
        every ||
        routes.has(route.name) ||
        (route.action.kind === 'forward' && splits.has(route.action.split?.name ?? '')) ||
        servicesOf(route).some((service) => services.has(service)) ||
        (access.kind === 'required' && authenticators.has(access.authenticator))
      return concerned ? [route.name] : []
    }),
  )
  return [...new Set(names)].sort()
}

function servicesConcerned(
  { gateway, routes }: GatewayChange,
  sides: readonly ReadonlyMap<string, GatewayPlan>[],
): readonly string[] {
  return sides.flatMap((side) =>
    (side.get(gateway)?.routes ?? []).filter(({ name }) => routes.includes(name)).flatMap(servicesOf),
  )
}

function instancesOf(services: ReadonlySet<string>, fleet: FleetView): readonly string[] {
  const beginnings = [...services].filter((name) => name.endsWith('*')).map((name) => name.slice(0, -1))
  const all = [...fleet.services()].filter(
    (name) => services.has(name) || beginnings.some((beginning) => name.startsWith(beginning)),
  )
  return [...new Set(all.flatMap((name) => [...fleet.instancesOfService(name)]))].sort()
}

const hourMs = 3_600_000

function requestsOf(
  changes: readonly GatewayChange[],
  gateways: readonly string[],
  traffic: Traffic,
  now: number,
): BlastRadius['requests'] {
  const counted = gateways.map((gateway) => [gateway, traffic.since(gateway, now - hourMs)] as const)
  if (counted.some(([, totals]) => totals === undefined)) return undefined
  let [concerned, all] = [0, 0]
  for (const [gateway, totals] of counted) {
    const routes = new Set(changes.find((change) => change.gateway === gateway)?.routes)
    for (const [route, { requests }] of totals ?? []) {
      all += requests
      if (routes.has(route)) concerned += requests
    }
  }
  return { concerned, all }
}
