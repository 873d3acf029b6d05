import type { FederationView } from '#shared/protocol/federation.ts'
import { freePorts } from './ports.ts'
import { RunningAgent } from './start-agent.ts'
import { type BasicServer, startBasicServer } from './start-basic-server.ts'
import { RunningPlane } from './start-plane.ts'
import { waitFor } from './wait.ts'

export const clusterNames = ['zervigo', 'looma'] as const
export type ClusterName = (typeof clusterNames)[number]

export type TwoClusters = AsyncDisposable & {
  readonly plane: RunningPlane
  readonly servers: Readonly<Record<ClusterName, readonly BasicServer[]>>
  readonly federation: () => Promise<FederationView>
  /** Kills every server of a cluster at once. */
  readonly killCluster: (cluster: ClusterName) => Promise<void>
  readonly startCluster: (cluster: ClusterName) => Promise<void>
  /** Resolves when the plane sees so many clusters alive with all of their servers. */
  readonly allThere: () => Promise<void>
}

/** A real plane, and in each of two clusters real servers of `basic-server` with an agent beside them. */
export async function startTwoClusters(
  perCluster: number,
  { declaration, settings = {} }: { readonly declaration?: string; readonly settings?: object } = {},
): Promise<TwoClusters> {
  await using stack = new AsyncDisposableStack()
  const plane = stack.use(await RunningPlane.start({ settings, ...(declaration === undefined ? {} : { declaration }) }))
  const ports = await freePorts(2 * perCluster)
  const start = async (cluster: ClusterName, offset: number) => {
    const own = ports.slice(offset, offset + perCluster)
    const servers = await Promise.all(
      own.map((port, index) => startBasicServer({ name: 'basic-server', instance: `${cluster}-${index}`, port })),
    )
    for (const server of servers) stack.use(server)
    const services = own.map((port, index) => ({
      name: 'basic-server',
      instance: `${cluster}-${index}`,
      address: '127.0.0.1',
      port,
      checks: [{ kind: 'http', path: '/health', interval: '1s', timeout: '500ms' }],
      // They die on purpose, and shall be back at once.
      flapping: { enabled: false },
      metrics: false,
    }))
    const more = { node: { name: cluster, cluster, site: cluster, address: '127.0.0.1' } }
    stack.use(await RunningAgent.start({ planes: [plane.url], services, more }))
    return servers
  }
  const [zervigo, looma] = await Promise.all([start('zervigo', 0), start('looma', perCluster)])
  const servers = { zervigo, looma }
  const federation = () => plane.get<FederationView>('/v1/federation')
  const all = stack.move()
  return {
    plane,
    servers,
    federation,
    killCluster: async (cluster) => {
      await Promise.all(servers[cluster].map((server) => server.kill()))
    },
    startCluster: async (cluster) => {
      await Promise.all(servers[cluster].map((server) => server.start()))
    },
    allThere: async () => {
      await waitFor(federation, {
        what: 'every server of both clusters to be routable',
        withinMs: 60_000,
        until: ({ clusters }) =>
          clusters.length === 2 && clusters.every(({ inputs }) => inputs.routable === perCluster),
      })
    },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  }
}
