import { mkdir, writeFile } from 'node:fs/promises'
import { request as requestTls } from 'node:https'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { StatusView } from '#shared/protocol/status-api.ts'
import { Issuer } from '../authorizer/issuer.ts'
import { certificate, noCertificates } from '../certificates.ts'
import { startXdsEnvoy } from '../envoy/xds-envoy.ts'
import type { EnvoyServer } from '../envoy.ts'
import { temporaryFolder } from '../folder.ts'
import { missingParts, programOf, projectFolder } from '../parts.ts'
import { freePorts } from '../ports.ts'
import { spawnProcess } from '../process.ts'
import { type Asking, askFully, type FullAnswer } from '../routing/envoy-table.ts'
import { RunningAgent } from '../start-agent.ts'
import { RunningPlane } from '../start-plane.ts'
import { waitFor } from '../wait.ts'
import { gateways, type Placed, type ProxyName, placeDeclaration, proxies } from './declaration.ts'
import { type Host, planHosts } from './plan.ts'
import type { Arrived } from './servers.ts'

/** Why the platform cannot run here; false: it can. */
export async function noPlatform(): Promise<string | false> {
  const missing = missingParts(['envoy', 'nginx'])
  return missing.length > 0 ? `there is no ${missing.join(', no ')}` : noCertificates()
}

/**
 * The platform on one machine, all of it real: the declaration of docs/examples/routes, applied by the command line; an Envoy by stream
 * and an Nginx; two hosts with their services, each with an agent, one process of servers each.
 */
export class Platform implements AsyncDisposable {
  readonly plane: RunningPlane
  readonly envoy: EnvoyServer
  readonly placed: Placed
  readonly hosts: readonly Host[]
  readonly issuer: Issuer
  readonly gatewayAgent: RunningAgent
  readonly #stack: AsyncDisposableStack

  private constructor(
    parts: Omit<Platform, 'ask' | 'askTls' | 'arrived' | 'release' | 'bearer' | typeof Symbol.asyncDispose>,
    stack: AsyncDisposableStack,
  ) {
    this.plane = parts.plane
    this.envoy = parts.envoy
    this.placed = parts.placed
    this.hosts = parts.hosts
    this.issuer = parts.issuer
    this.gatewayAgent = parts.gatewayAgent
    this.#stack = stack
  }

  static async start(): Promise<Platform> {
    await using stack = new AsyncDisposableStack()
    const folder = stack.use(await temporaryFolder('platform')).path
    const [tls, routes, keys] = ['tls', 'routes', 'jwks.json'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ]
    await Promise.all([tls, routes].map((path) => mkdir(path)))
    await certificate(tls, 'api', ['api.platform.example'])
    await certificate(tls, 'others', ['others.platform.example'])
    const issuer = new Issuer('https://auth.zervi.example').add('key-1', 'RS256')
    await writeFile(keys, issuer.keySet())
    const [envoyAuth = 0, nginxAuth = 0, proof = 0] = await freePorts(3)
    const authorizers = { envoy: envoyAuth, nginx: nginxAuth }
    const placed = await placeDeclaration(routes, tls, authorizers)
    const hosts = await planHosts()

    const plane = stack.use(await RunningPlane.start())
    const applied = await plane.heddle('apply', routes, '--comment', 'the platform', '--json')
    if (applied.code !== 0) throw new Error(`the declaration was not applied: ${applied.err}`)
    await Promise.all(hosts.map((host) => startHost(host, keys, plane.url, stack)))
    const nginx = {
      ...{ name: gateways.nginx, proxy: 'nginx', binary: programOf('nginx'), managed: true, run: true, workers: 1 },
      ...{ proof: `127.0.0.1:${proof}`, reloads_per_minute: 600, retry_every: '100ms' },
      ...(process.getuid?.() === 0 && { user: 'root' }),
    }
    const checking = proxies.map((proxy) => ({ gateway: gateways[proxy], listen: `127.0.0.1:${authorizers[proxy]}` }))
    const more = { gateways: [nginx], authorizers: checking }
    const gatewayAgent = stack.use(await RunningAgent.start({ planes: [plane.url], more }))
    const envoy = stack.use(await startXdsEnvoy(plane.xdsPort, { cluster: gateways.envoy, until: 'admin' }))
    const platform = new Platform({ plane, envoy, placed, hosts, issuer, gatewayAgent }, stack.move())
    await platform.#served()
    return platform
  }

  /** Until both proxies have proven all that the plane has, with every instance, and can check tokens. */
  async #served(): Promise<void> {
    const wanted = this.hosts.flatMap(({ servers }) => servers).length
    try {
      await waitFor(() => this.plane.get<StatusView>('/v1/status'), {
        what: 'both proxies to serve the platform',
        withinMs: 60_000,
        everyMs: 50,
        until: ({ revision, sinks, instances }) =>
          instances.routable === wanted &&
          sinks.length === proxies.length &&
          sinks.every(({ proven }) => proven?.revision === revision),
      })
      const headers = this.bearer({ permissions: ['cluster:manage'] })
      for (const proxy of proxies) {
        await waitFor(() => this.ask(proxy, '/api/cluster/status', { headers }), {
          what: `${proxy} to have the key set`,
          withinMs: 20_000,
          everyMs: 50,
          until: ({ status }) => status === 200,
        })
      }
    } catch (error) {
      await this[Symbol.asyncDispose]()
      throw error
    }
  }

  /** The header of a signed token of the user `li`. */
  bearer(claims: object = {}): { readonly authorization: string } {
    return { authorization: `Bearer ${this.issuer.token({ aud: 'platform', ...claims })}` }
  }

  /** Asks a proxy, by the listener of client-a unless said. */
  ask(proxy: ProxyName, path: string, asking: Asking & { readonly listener?: string } = {}): Promise<FullAnswer> {
    const { listener = 'client-a', ...rest } = asking
    return askFully(this.placed.ports[proxy][listener] ?? 0, path, rest)
  }

  /** Asks the TLS listener as somebody who wants this name; also tells the name that was shown. */
  askTls(proxy: ProxyName, path: string, servername: string): Promise<FullAnswer & { readonly shown: string }> {
    const port = this.placed.ports[proxy].secure
    const options = { host: '127.0.0.1', port, path, servername, rejectUnauthorized: false, agent: false }
    return new Promise((resolve, reject) => {
      requestTls({ ...options, headers: { host: servername }, signal: AbortSignal.timeout(10_000) }, (response) => {
        const { statusCode: status = 0, headers, socket } = response
        const shown = 'getPeerCertificate' in socket ? String(Object(socket).getPeerCertificate().subject.CN) : ''
        text(response).then((body) => resolve({ status, headers, body, shown }), reject)
      })
        .on('error', reject)
        .end()
    })
  }

  /** What has arrived at the services of a host. */
  async arrived(cluster: Host['cluster'] = 'zervigo'): Promise<readonly Arrived[]> {
    return (await fetch(`${this.#anyOf(cluster)}/_seen`)).json() as Promise<readonly Arrived[]>
  }

  /** Lets streams go on. */
  async release(cluster: Host['cluster'] = 'zervigo'): Promise<void> {
    await fetch(`${this.#anyOf(cluster)}/_release`, { method: 'POST' })
  }

  #anyOf(cluster: Host['cluster']): string {
    return `http://127.0.0.1:${this.hosts.find((host) => host.cluster === cluster)?.servers[0]?.port}`
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync()
  }
}

async function startHost(
  { cluster, site, servers }: Host,
  keys: string,
  plane: string,
  stack: AsyncDisposableStack,
): Promise<void> {
  const program = join(projectFolder, 'test/support/platform/servers.ts')
  const options = JSON.stringify({ services: servers, keys })
  const running = stack.use(await spawnProcess(process.execPath, [program, options], { name: `servers of ${cluster}` }))
  await running.ready('its first line', 20_000, () => running.output.includes('listening'))
  const services = servers.map(({ name, instance, port }) => ({
    ...{ name, instance, port, address: '127.0.0.1', metrics: false },
    checks: [{ kind: 'http', path: '/health', interval: '2s' }],
  }))
  const more = { node: { name: cluster, cluster, site, address: '127.0.0.1' } }
  stack.use(await RunningAgent.start({ planes: [plane], services, more }))
}
