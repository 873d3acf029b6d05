import t from 'tap'
import { BothGateways, gatewayNames, whoOf } from '#test/support/both-gateways.ts'
import { missingParts } from '#test/support/parts.ts'
import { startBasicServer } from '#test/support/start-basic-server.ts'
import { waitFor } from '#test/support/wait.ts'

t.setTimeout(180_000)

const skip = missingParts(['envoy', 'nginx']).length > 0 ? 'there is no Envoy or no Nginx' : false
/** The last answers of a gateway that shares are counted over. */
const counted = 60

await t.test(
  'who says that it is busy gets fewer requests of Envoy and Nginx, and more when it takes that back',
  { skip },
  async (t) => {
    await using both = await BothGateways.start({
      service: 'user',
      nodes: [],
      routes: `services: { user: { dynamic_weights: true } }
routes: [{ prefix: /user, service: user, path: keep }]
`,
      reloadsPerMinute: 6,
    })
    const post = async (path: string, body: object) => {
      const response = await fetch(`${both.plane.url}/cluster/${path}`, { method: 'POST', body: JSON.stringify(body) })
      t.ok(response.ok, `${path}: ${response.status}`)
    }
    const beat = (instance: string, cpu: number) =>
      post(`heartbeat/${instance}`, { health: 'healthy', metrics: { cpu_usage: cpu } })
    const instances = ['busy', 'one', 'two']
    for (const instance of instances) {
      const server = await startBasicServer({ name: 'user', instance })
      t.teardown(() => server[Symbol.asyncDispose]())
      const spec = { service_name: 'user', service_type: 'user', instance_id: instance, node_id: 'plain' }
      await post('register', { ...spec, address: '127.0.0.1', port: server.port, metadata: {} })
    }
    await Promise.all(instances.map((instance) => beat(instance, instance === 'busy' ? 97 : 10)))
    await using traffic = both.drive('/user', 25)
    const shareOf = (gateway: (typeof gatewayNames)[number]) => {
      const last = traffic.since(gateway).slice(-counted).map(whoOf)
      const own = last.every((who) => instances.includes(who))
        ? last.filter((who) => who === 'busy').length
        : Number.NaN
      return last.length < counted ? Number.NaN : own / counted
    }
    const shares = async (what: string, until: (share: number) => boolean) => {
      for (const gateway of gatewayNames)
        await waitFor(() => shareOf(gateway), { what: `${gateway} to give it ${what}`, withinMs: 40_000, until })
    }
    await shares('a tenth or so', (share) => share > 0.02 && share < 0.15)
    const before = await both.reloads()
    const from = performance.now()
    await beat('busy', 10)
    await shares('more again', (share) => share > 0.16)
    const minutes = Math.ceil((performance.now() - from) / 60_000)
    const reloads = (await both.reloads()) - before
    t.ok(reloads <= 4 * minutes + 1, `${reloads} reloads for it`)
    for (const gateway of gatewayNames) {
      const failed = traffic.failed(gateway).filter(({ at }) => at >= from)
      t.strictSame(failed, [], `${gateway} failed no request`)
    }
  },
)
