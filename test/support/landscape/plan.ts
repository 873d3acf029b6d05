import { join } from 'node:path'
import { xdsBootstrap } from '#test/support/envoy/bootstrap.ts'

/** A server with an agent beside it. */
export type MemberPlan = {
  /** The instance's name, and its node's. */
  readonly name: string
  readonly service: string
  readonly cluster: 'zervigo' | 'looma'
  readonly site: string
  readonly port: number
  readonly agentPort: number
  readonly keepAliveMs: number
  readonly tags: readonly string[]
}

export type Ports = {
  readonly zervigo: number
  readonly looma: number
  readonly plane: number
  readonly xds: number
  readonly envoy: number
  readonly envoyAdmin: number
  readonly nginx: number
  readonly nginxProof: number
  readonly gatewayAgent: number
  /** Of the Envoy that gets its configuration by files; unused without it. */
  readonly fileEnvoy: number
  readonly fileEnvoyAdmin: number
  /** Of the service that somebody else has registered; unused without it. */
  readonly foreign: number
}

/** Everything about a whole installation on one machine, decided before anything starts. */
export type LandscapePlan = {
  /** Where all of its state and configuration lies. */
  readonly folder: string
  readonly ports: Ports
  readonly members: readonly MemberPlan[]
  readonly nginx: string
  /** The program of the Envoy that gets files; undefined: there is none. */
  readonly fileEnvoy: string | undefined
  /** Whether somebody else has registered a service in zervigo-dc, which is copied to looma-dc. */
  readonly foreign: boolean
  readonly outlierEjection: boolean
  readonly reloadsPerMinute: number
  /** Whether both proxies log each attempt on a server. */
  readonly attemptLogs: boolean
  /** Whether agents of other hosts reach the plane: only in a network namespace of its own. */
  readonly reachable: boolean
  /** Whether agents and Envoys come with certificates. */
  readonly tls: boolean
}

/** The ports that people know, as the demo has them. */
export const demoPorts: Ports = {
  zervigo: 8500,
  looma: 8501,
  plane: 8888,
  xds: 18000,
  envoy: 8080,
  envoyAdmin: 9901,
  nginx: 8090,
  nginxProof: 18099,
  gatewayAgent: 9190,
  fileEnvoy: 8091,
  fileEnvoyAdmin: 9902,
  foreign: 9002,
}

/** The service that somebody else has registered in zervigo-dc, with that Consul's own agent. */
export const foreignService = {
  name: 'legacy-reports',
  id: 'legacy-reports-1',
  datacenter: 'zervigo-dc',
  /** What Heddle calls it. */
  record: 'zervigo-dc/zervigo-dc-server/legacy-reports-1',
} as const

export function planeUrl({ ports, tls }: Pick<LandscapePlan, 'ports' | 'tls'>): string {
  return `${tls ? 'https' : 'http'}://127.0.0.1:${ports.plane}`
}

export function planeConfig({ folder, ports, reachable, foreign, tls }: LandscapePlan): object {
  // Sooner than by default, so that whoever looks sees it change.
  const copied = foreign ? { foreign: { health_every: '1s', copy_to: [{ datacenter: 'looma-dc' }] } } : {}
  return {
    api: { address: reachable ? '0.0.0.0' : '127.0.0.1', port: ports.plane, insecure: reachable, tls },
    // Beyond loopback callers would need tokens.
    access: { required: false },
    journal: { path: join(folder, 'plane', 'heddle.db') },
    mirror: {
      datacenters: [
        { name: 'zervigo-dc', address: `http://127.0.0.1:${ports.zervigo}`, ...copied },
        { name: 'looma-dc', address: `http://127.0.0.1:${ports.looma}` },
      ],
    },
    routing: {
      declaration: join(folder, 'routes'),
      xds: { address: '127.0.0.1', port: ports.xds, tls },
    },
    logging: { level: 'info' },
  }
}

/** The declaration: one gateway of each kind, the same routes on all. */
export function routesConfig(plan: LandscapePlan): object {
  const { folder, ports, outlierEjection, attemptLogs } = plan
  const envoyLog = attemptLogs ? { attempt_log: join(folder, 'logs', 'envoy.log') } : {}
  // Nginx writes one line a request, with all of its attempts in it.
  const nginxLog = attemptLogs ? { access_log: join(folder, 'logs', 'nginx.log') } : {}
  const services = [...new Set(plan.members.map(({ service }) => service))]
  return {
    gateways: {
      edge: { proxy: 'envoy', listeners: [{ address: '127.0.0.1', port: ports.envoy }], ...envoyLog },
      'edge-nginx': { proxy: 'nginx', listeners: [{ address: '127.0.0.1', port: ports.nginx }], ...nginxLog },
      ...(plan.fileEnvoy === undefined
        ? {}
        : {
            'edge-files': {
              proxy: 'envoy',
              delivery: 'files',
              listeners: [{ address: '127.0.0.1', port: ports.fileEnvoy }],
            },
          }),
    },
    services: Object.fromEntries(
      services.map((name) => [
        name,
        { balance: name.startsWith('looma') ? 'round_robin' : 'least_request', outlier_ejection: outlierEjection },
      ]),
    ),
    routes: [
      { prefix: '/api/services', service: 'basic-server', path: 'strip' },
      { prefix: '/api/looma', service: 'looma-user-api', path: 'keep' },
    ],
  }
}

export function envoyBootstrap({ ports }: LandscapePlan): object {
  const address = '127.0.0.1'
  return xdsBootstrap({
    admin: { address, port: ports.envoyAdmin },
    planes: [{ address, port: ports.xds }],
    keepalive: { interval: '10s', timeout: '3s' },
  })
}

/** How agents know the plane, and it them. */
function joining(plan: LandscapePlan): object {
  const token = join(plan.folder, 'plane', 'enrolment-token')
  return { planes: [planeUrl(plan)], ...(plan.tls ? { identity: { token_file: token } } : {}) }
}

export function memberAgentConfig(member: MemberPlan, plan: LandscapePlan): object {
  const { folder } = plan
  return {
    ...joining(plan),
    node: { name: member.name, site: member.site, cluster: member.cluster, address: '127.0.0.1' },
    state_dir: join(folder, 'agents', member.name),
    admin: { port: member.agentPort },
    discovery: { enabled: false },
    services: [
      {
        name: member.service,
        instance: member.name,
        address: '127.0.0.1',
        port: member.port,
        tags: member.tags,
        checks: [{ kind: 'http', path: '/health' }],
        // They die on purpose, again and again, and shall be back at once.
        flapping: { enabled: false },
      },
    ],
    logging: { level: 'info' },
  }
}

export function gatewayAgentConfig(plan: LandscapePlan): object {
  const { folder, ports, nginx, fileEnvoy, reloadsPerMinute } = plan
  return {
    ...joining(plan),
    node: { name: 'gateway-1', site: 'alibaba', cluster: 'zervigo', address: '127.0.0.1' },
    state_dir: join(folder, 'agents', 'gateway-1'),
    admin: { port: ports.gatewayAgent },
    discovery: { enabled: false },
    gateways: [
      {
        name: 'edge-nginx',
        proxy: 'nginx',
        binary: nginx,
        managed: true,
        run: true,
        proof: `127.0.0.1:${ports.nginxProof}`,
        reloads_per_minute: reloadsPerMinute,
        workers: 1,
        allow: { logs: [join(folder, 'logs')] },
      },
      ...(fileEnvoy === undefined
        ? []
        : [
            {
              name: 'edge-files',
              proxy: 'envoy',
              binary: fileEnvoy,
              run: true,
              admin: `127.0.0.1:${ports.fileEnvoyAdmin}`,
              workers: 1,
            },
          ]),
    ],
    logging: { level: 'info' },
  }
}

/** Three Basic Servers and one Looma service, as the demo has them. */
export function demoMembers(ports: readonly number[], agentPorts: readonly number[]): readonly MemberPlan[] {
  return ['basic-a', 'basic-b', 'basic-c', 'looma-user-1'].map((name, index) => {
    const looma = name.startsWith('looma')
    return {
      name,
      service: looma ? 'looma-user-api' : 'basic-server',
      cluster: looma ? 'looma' : 'zervigo',
      site: looma ? 'tencent' : 'alibaba',
      port: ports[index] ?? 0,
      agentPort: agentPorts[index] ?? 0,
      keepAliveMs: 5_000,
      tags: looma ? ['looma', 'user-api', 'python'] : ['zervigo', 'basic-server', 'go'],
    }
  })
}
