import t from 'tap'
import { BothGateways, gatewayNames, whoOf } from '#test/support/both-gateways.ts'
import { missingParts } from '#test/support/parts.ts'
import { waitFor } from '#test/support/wait.ts'

t.setTimeout(180_000)

const skip = missingParts(['envoy', 'nginx']).length > 0 ? 'there is no Envoy or no Nginx' : false

await t.test(
  'who answers a type of request changes in Envoy and Nginx alike, without a failed request',
  { skip },
  async (t) => {
    await using both = await BothGateways.start({
      service: 'basic-server',
      nodes: [
        { name: 'zervigo', cluster: 'zervigo', instances: ['zervigo-0', 'zervigo-1'] },
        { name: 'looma', cluster: 'looma', instances: ['looma-0'] },
      ],
      routes: `routes:
  - { prefix: /any, service: "federated:jobs", path: strip }
  - { prefix: /zervigo, service: zervigo-cluster, path: strip }
  - { prefix: /looma, service: looma-cluster, path: strip }
`,
      settings: {
        federation: {
          entry: { zervigo: 'basic-server', looma: 'basic-server' },
          // A cluster that is back takes over again on a tie after this; the default would make the test long.
          patience: '1s',
          every: '500ms',
        },
      },
    })
    const status = async (gateway: (typeof gatewayNames)[number], path: string) =>
      (await fetch(both.url(gateway, path), { signal: AbortSignal.timeout(5_000) })).status
    const answers = async (path: string, wanted: number) => {
      for (const gateway of gatewayNames) {
        const what = `${gateway} to answer ${path} with ${wanted}`
        await waitFor(() => status(gateway, path), { what, withinMs: 25_000, until: (seen) => seen === wanted })
      }
    }
    await answers('/any', 200)
    const zervigo = ['zervigo-0', 'zervigo-1']
    await using traffic = both.drive('/any', 20)
    await traffic.servedBy(zervigo)
    await answers('/looma', 200)
    const from = performance.now()
    for (const instance of zervigo) await both.server(instance).kill()
    await traffic.servedBy(['looma-0'])
    await answers('/zervigo', 503)
    await answers('/looma', 200)
    for (const instance of zervigo) await both.server(instance).start()
    await traffic.servedBy(zervigo)
    await answers('/zervigo', 200)
    for (const gateway of gatewayNames) {
      t.strictSame(traffic.failed(gateway), [], `${gateway} failed no request`)
      t.ok(traffic.since(gateway, from).some((outcome) => whoOf(outcome) === 'looma-0'))
    }
  },
)
