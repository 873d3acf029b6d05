import type {
  GatewayChangeView,
  PlanView,
  RoutesView,
  RoutingView,
  VersionView,
  WholeVersionView,
} from '#shared/protocol/routing-api.ts'
import type { StatusView } from '#shared/protocol/status-api.ts'
import type { Routing } from '../routing/start.ts'
import { describeRoute } from '../routing/table/describe.ts'
import { servicesOf } from '../routing/table/services-of.ts'
import type { RouteTable } from '../routing/table.ts'
import type { Versions } from '../routing/versions/keep-versions.ts'
import type { GatewayChange, Plan } from '../routing/versions/plan.ts'
import { reached } from '../routing/versions/rollout.ts'
import type { Version, WholeVersion } from '../routing/versions/version.ts'
import { isoTime } from './views.ts'

/** What the views need of routing. */
export type RoutingSeen = Pick<Routing, 'versions' | 'frames' | 'tableFor' | 'problems' | 'seen'>

/** What proxies reject of the newest that they were given. */
function rejectedBy(gateway: string, { seen }: Pick<RoutingSeen, 'seen'>): readonly string[] {
  return seen(gateway)?.rejected ?? []
}

export function changesView(changes: readonly GatewayChange[], routing: RoutingSeen): GatewayChangeView[] {
  return changes.map(({ gateway, proxy, mode, parts, routes }) => ({
    gateway,
    proxy,
    mode,
    parts: parts.map(({ keys, ...part }) => ({
      ...part,
      keys: keys.map(({ key, before, after }) => ({ key, before: before ?? null, after: after ?? null })),
    })),
    routes: [...routes],
    rejected: [...rejectedBy(gateway, routing)],
  }))
}

export function planView({ changes, radius }: Plan, base: number | null, routing: RoutingSeen): PlanView {
  const { gateways, routes, instances, requests } = radius
  return {
    valid: true,
    problems: [],
    base,
    changes: changesView(changes, routing),
    radius: { gateways: [...gateways], routes, instances: [...instances], requests: requests ?? null },
  }
}

export function versionView(version: Version, routing: RoutingSeen): VersionView {
  const { rollout, number, state, at, endedAt } = version
  const { author, comment, source, hash, why, former, restores } = version
  const holds = routing.versions.current?.number === number
  const { staged } = routing.versions
  const underway = staged?.version.number === number
  const gateways = [...routing.frames().keys()].filter((gateway) => routing.seen(gateway)?.given === number)
  return {
    ...{ number, author, comment, source, hash, state, holds, why, former, restores },
    at: isoTime(at),
    ended_at: endedAt === null ? null : isoTime(endedAt),
    stages: rollout.stages.map(({ name, gateways }, index) => ({
      name,
      gateways: [...gateways],
      state: stageState(state, index, rollout.stage),
    })),
    waiting_for: underway ? [...staged.waitingFor] : [],
    rejected: gateways.flatMap((gateway) => rejectedBy(gateway, routing).map((text) => `${gateway}: ${text}`)),
    notes: rollout.notes.map((note) => ({ at: isoTime(note.at), text: note.text })),
  }
}

/** How far a version is that is on its way by stages; undefined: none is. */
export function underwayView({ staged }: Pick<Versions, 'staged'>): StatusView['underway'] {
  if (!staged) return undefined
  const { version, waitingFor } = staged
  const { number, author, comment, rollout } = version
  const { stages, stage, since } = rollout
  return {
    ...{ number, author, comment },
    stage: stage + 1,
    stages: stages.length,
    name: stages[stage]?.name ?? '',
    reached: [...reached(rollout)],
    gateways: new Set(stages.flatMap(({ gateways }) => gateways)).size,
    since: isoTime(since),
    waiting_for: [...waitingFor],
  }
}

function stageState(state: Version['state'], index: number, stage: number): VersionView['stages'][number]['state'] {
  if (index < stage || state === 'applied' || state === 'rolled-back') return 'proven'
  if (index > stage) return 'waiting'
  return state === 'halted' ? 'halted' : 'underway'
}

export function wholeVersionView(version: WholeVersion, routing: RoutingSeen): WholeVersionView {
  return { ...versionView(version, routing), files: version.files.map(({ file, text }) => ({ file, text })) }
}

export function routingView(routing: RoutingSeen, folder: string | undefined): RoutingView {
  const { current, staged, drifted } = routing.versions
  return {
    holds: current ? versionView(current, routing) : null,
    underway: staged ? versionView(staged.version, routing) : null,
    folder: folder === undefined ? null : { path: folder, drifted },
    problems: [...routing.problems()],
    gateways: [...routing.frames().values()].map(({ gateway, proxy, mode, routes }) => ({
      gateway,
      proxy,
      mode,
      version: versionOf(gateway, routing),
      proven: routing.seen(gateway)?.proven ?? null,
      routes: routes.length,
      rejected: [...rejectedBy(gateway, routing)],
    })),
  }
}

/** The number of the version that a gateway is to have. */
function versionOf(gateway: string, { versions, seen }: RoutingSeen): number {
  return seen(gateway)?.given ?? versions.current?.number ?? 0
}

export function routesView(table: RouteTable, routing: RoutingSeen): RoutesView {
  const { gateway, proxy, routes, services } = table
  const counts = new Map(services.map(({ name, endpoints }) => [name, endpoints.length]))
  return {
    gateway,
    proxy,
    version: versionOf(gateway, routing),
    routes: routes.map((route) => {
      const { besides, policy, ...words } = describeRoute(route)
      const leadsTo = servicesOf(route)
      const endpoints = leadsTo.reduce((sum, name) => sum + (counts.get(name) ?? 0), 0)
      return {
        ...words,
        besides: [...besides],
        policy: [...policy],
        endpoints: leadsTo.length === 0 ? null : endpoints,
      }
    }),
  }
}
