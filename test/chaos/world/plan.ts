import { join } from 'node:path'

/** A server with an agent beside it, on a host of its own. */
export type MemberPlan = {
  readonly host: string
  readonly server: string
  readonly agent: string
  readonly service: string
  readonly cluster: string
  readonly site: string
}

/** Everything about the world that faults are played in, decided before anything starts. */
export type WorldPlan = {
  /** The unit of each plane; its host has the same name. */
  readonly planes: readonly string[]
  readonly members: readonly MemberPlan[]
  /** Each unit's host has the same name. */
  readonly consuls: readonly { readonly unit: string; readonly datacenter: string }[]
  readonly database: string
  readonly envoy: string
  /** Runs Nginx. */
  readonly gatewayAgent: string
  readonly hosts: readonly string[]
}

/** The ports, the same on each host: hosts have addresses of their own. */
export const ports = {
  api: 8888,
  xds: 18_000,
  database: 5432,
  /** What planes ask; behind it stands Consul itself at `catalogue`. */
  consul: 8500,
  catalogue: 8501,
  server: 8080,
  agent: 9180,
  proxy: 8090,
  envoyAdmin: 9901,
  proof: 18_099,
} as const

export type Size = { readonly planes: number; readonly members: number }

/** @param size members: at least 2; the last one is of another service, cluster and site. */
export function planWorld({ planes, members }: Size): WorldPlan {
  const numbers = (count: number) => Array.from({ length: count }, (_, index) => index + 1)
  const plan = {
    planes: numbers(planes).map((n) => `plane-${n}`),
    members: numbers(members).map((n) => memberPlan(n, n === members)),
    consuls: [
      { unit: 'consul-z', datacenter: 'zervigo-dc' },
      { unit: 'consul-l', datacenter: 'looma-dc' },
    ],
    database: 'database',
    envoy: 'envoy',
    gatewayAgent: 'gateway',
  }
  const hosts = [
    ...plan.planes,
    plan.database,
    ...plan.consuls.map(({ unit }) => unit),
    plan.envoy,
    plan.gatewayAgent,
    ...plan.members.map(({ host }) => host),
  ]
  return { ...plan, hosts }
}

function memberPlan(n: number, other: boolean): MemberPlan {
  return {
    host: `node-${n}`,
    server: `server-${n}`,
    agent: `agent-${n}`,
    service: other ? 'looma-user-api' : 'basic-server',
    cluster: other ? 'looma' : 'zervigo',
    site: other ? 'tencent' : 'alibaba',
  }
}

/** All units, in the order in which they are started. */
export function unitsOf(plan: WorldPlan): readonly string[] {
  return [
    plan.database,
    ...plan.consuls.map(({ unit }) => unit),
    ...plan.members.map(({ server }) => server),
    ...plan.planes,
    ...plan.members.map(({ agent }) => agent),
    plan.gatewayAgent,
    plan.envoy,
  ]
}

/** The units that stand on a host. */
export function unitsOn(plan: WorldPlan, host: string): readonly string[] {
  const member = plan.members.find((each) => each.host === host)
  return member ? [member.server, member.agent] : [host]
}

/** The host that a unit stands on. */
export function hostOf(plan: WorldPlan, unit: string): string {
  return plan.members.find(({ server, agent }) => server === unit || agent === unit)?.host ?? unit
}

/** What the planes and all that they need are: while one of these is disturbed, changes may take longer to arrive. */
export function isControl(plan: Pick<WorldPlan, 'planes' | 'consuls' | 'database'>, unit: string): boolean {
  return plan.planes.includes(unit) || plan.database === unit || plan.consuls.some((consul) => consul.unit === unit)
}

/** The folder of a unit's own files, on a small disk of its own. */
export function diskOf(folder: string, unit: string): string {
  return join(folder, 'disks', unit)
}
