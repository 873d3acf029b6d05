import { join } from 'node:path'
import { xdsBootstrap } from '#test/support/envoy/bootstrap.ts'
import { diskOf, type MemberPlan, ports, type WorldPlan } from './plan.ts'

/** What the units are told, as files. */
export type Place = {
  readonly folder: string
  readonly plan: WorldPlan
  readonly addressOf: (host: string) => string
}

export function planeConfiguration(unit: string, { folder, plan, addressOf }: Place, more: object = {}): object {
  return {
    api: { address: '0.0.0.0', port: ports.api, insecure: true, advertise: `http://${addressOf(unit)}:${ports.api}` },
    access: { required: false },
    site: 'alibaba',
    journal: {
      path: join(diskOf(folder, unit), 'heddle.db'),
      postgresql: {
        host: addressOf(plan.database),
        port: ports.database,
        database: 'heddle',
        user: 'heddle',
        tls: 'off',
      },
    },
    mirror: {
      datacenters: plan.consuls.map(({ unit: consul, datacenter }) => ({
        name: datacenter,
        address: `http://${addressOf(consul)}:${ports.consul}`,
      })),
      compare_every: '10s',
    },
    routing: { declaration: join(folder, 'routes.yaml'), xds: { address: '0.0.0.0', port: ports.xds, insecure: true } },
    logging: { level: 'info' },
    ...more,
  }
}

export function agentConfiguration({ host, agent, server, ...member }: MemberPlan, place: Place): object {
  const { service, site, cluster } = member
  return {
    ...common(agent, place),
    node: { name: host, machine: host, site, cluster, address: place.addressOf(host) },
    services: [
      {
        name: service,
        instance: server,
        address: place.addressOf(host),
        port: ports.server,
        checks: [{ kind: 'http', path: '/health' }],
        // They die on purpose, again and again, and shall be back at once.
        flapping: { enabled: false },
      },
    ],
  }
}

export function gatewayConfiguration(place: Place, nginx: string): object {
  const host = place.plan.gatewayAgent
  return {
    ...common(host, place),
    node: { name: host, machine: host, site: 'alibaba', cluster: 'zervigo', address: place.addressOf(host) },
    gateways: [
      {
        name: 'edge-nginx',
        proxy: 'nginx',
        binary: nginx,
        managed: true,
        run: true,
        proof: `127.0.0.1:${ports.proof}`,
        workers: 1,
      },
    ],
  }
}

function common(unit: string, { folder, plan, addressOf }: Place): object {
  return {
    planes: plan.planes.map((plane) => `http://${addressOf(plane)}:${ports.api}`),
    state_dir: join(diskOf(folder, unit), 'state'),
    admin: { address: '0.0.0.0', port: ports.agent },
    discovery: { enabled: false },
    logging: { level: 'info' },
  }
}

/** The same routes for both proxies. */
export function routesConfiguration(plan: WorldPlan): object {
  const listeners = [{ address: '0.0.0.0', port: ports.proxy }]
  const services = [...new Set(plan.members.map(({ service }) => service))]
  return {
    gateways: { edge: { proxy: 'envoy', listeners }, 'edge-nginx': { proxy: 'nginx', listeners } },
    services: Object.fromEntries(services.map((name) => [name, { balance: 'round_robin' }])),
    routes: [{ prefix: '/api/services', service: services[0], path: 'strip' }],
  }
}

export function envoyConfiguration({ plan, addressOf }: Place): object {
  return xdsBootstrap({
    admin: { address: '0.0.0.0', port: ports.envoyAdmin },
    planes: plan.planes.map((plane) => ({ address: addressOf(plane), port: ports.xds })),
    keepalive: { interval: '5s', timeout: '3s' },
  })
}

export function consulConfiguration(unit: string, datacenter: string, { folder }: Place): object {
  return {
    datacenter,
    node_name: `${datacenter}-server`,
    server: true,
    bootstrap_expect: 1,
    data_dir: diskOf(folder, unit),
    bind_addr: '127.0.0.1',
    client_addr: '0.0.0.0',
    ports: { http: ports.catalogue, dns: -1, server: 8300, serf_lan: 8301, serf_wan: -1, grpc: -1 },
    performance: { raft_multiplier: 1 },
    disable_update_check: true,
    leave_on_terminate: false,
    skip_leave_on_interrupt: true,
    connect: { enabled: false },
    log_level: 'warn',
  }
}
