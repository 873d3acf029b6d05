import { join } from 'node:path'
import { startLandscape } from '#test/support/landscape/landscape.ts'
import { writeYaml } from '#test/support/landscape/program.ts'
import { waitFor } from '#test/support/wait.ts'
import { growing, type StormEvent, shrinking } from './events.ts'
import type { System } from './play.ts'

export type HeddleSystem = System & AsyncDisposable & { readonly accessLog: string }

const sinkName = 'nginx:edge-nginx'

/** A whole installation whose Nginx may be reloaded six times a minute, and clients without agents that register their instances. */
export async function startHeddle(
  folder: string,
  ports: readonly number[],
  growingPorts: readonly number[],
): Promise<HeddleSystem> {
  const landscape = await startLandscape({ folder, members: [], reloadsPerMinute: 6, attemptLogs: true })
  try {
    const { view } = landscape
    const routes = [{ prefix: '/api/grows', service: growing, path: 'strip' }]
    await writeYaml(join(folder, 'routes', 'grows.yaml'), { routes })
    const send = (path: string, body: object) => view.send('POST', path, body).then(() => {})
    const register = (service: string, index: number, port: number, more: object = {}) =>
      send('/cluster/register', {
        service_id: idOf(service, index),
        service_name: service,
        service_url: `http://127.0.0.1:${port}`,
        node_id: 'storm',
        health_status: 'healthy',
        ...more,
      })
    for (const [index, port] of ports.entries()) await register(shrinking, index, port)
    // A new Nginx takes its first set at once; what follows has to keep its distance.
    await waitFor(() => view.status(), {
      what: 'Nginx to follow',
      withinMs: 90_000,
      everyMs: 250,
      until: ({ sinks, revision, instances }) =>
        instances.routable === ports.length &&
        sinks.some(({ name, proven }) => name === sinkName && proven?.revision === revision),
    })
    const tell = async ({ kind, index }: StormEvent) => {
      const id = idOf(shrinking, index)
      switch (kind) {
        case 'add':
          return register(growing, index, growingPorts[index] ?? 0)
        case 'remove':
          return send(`/cluster/deregister/${id}`, {})
        case 'metric':
          return send(`/cluster/metrics/${id}`, { cpu_usage: Math.random() * 100 })
        case 'tag':
          return register(shrinking, index, ports[index] ?? 0, { tags: [`t-${performance.now()}`] })
        case 'heartbeat':
          return send(`/cluster/heartbeat/${id}`, {})
        case 'judgement':
          // The next time it is the other one.
          health = health === 'warning' ? 'healthy' : 'warning'
          return send(`/cluster/heartbeat/${id}`, { health })
      }
    }
    let health = 'healthy'
    const reloads = async () => {
      const { sinks } = await view.status()
      return Number(sinks.find(({ name }) => name === sinkName)?.figures?.reloads ?? Number.NaN)
    }
    return {
      url: `${landscape.nginxUrl}/api/services/x`,
      accessLog: join(folder, 'logs', 'nginx.log'),
      tell,
      reloads,
      [Symbol.asyncDispose]: () => landscape[Symbol.asyncDispose](),
    }
  } catch (error) {
    await landscape[Symbol.asyncDispose]()
    throw error
  }
}

function idOf(service: string, index: number): string {
  return `${service}-${index}`
}
