import t from 'tap'
import { BothGateways, gatewayNames, whoOf } from '#test/support/both-gateways.ts'
import { missingParts } from '#test/support/parts.ts'
import { waitFor } from '#test/support/wait.ts'

t.setTimeout(900_000)

const skip = missingParts(['envoy', 'nginx']).length > 0 ? 'there is no Envoy or no Nginx' : false
/** The last answers of a gateway that shares are counted over. */
const counted = 120

await t.test(
  'an instance that is slow gets fewer requests of Envoy and Nginx, and its share again when it is quick',
  { skip },
  async (t) => {
    await using both = await BothGateways.start({
      service: 'user',
      nodes: [{ name: 'near', instances: ['a', 'b', 'slow'] }],
      routes: `services: { user: { dynamic_weights: true } }
routes: [{ prefix: /user, service: user, path: keep }]
`,
      reloadsPerMinute: 6,
    })
    await using traffic = both.drive('/user', 20)
    await traffic.servedBy(['a', 'b', 'slow'], 30)
    const from = performance.now()
    const before = await both.reloads()
    const shares = async (what: string, until: (share: number) => boolean) => {
      for (const gateway of gatewayNames) {
        const share = () => {
          const last = traffic.since(gateway).slice(-counted).map(whoOf)
          return last.length < counted ? Number.NaN : last.filter((who) => who === 'slow').length / counted
        }
        const seen = await waitFor(share, { what: `${gateway} to give it ${what}`, withinMs: 240_000, until })
        t.comment(`${gateway}: ${seen.toFixed(2)} after ${((performance.now() - from) / 1_000).toFixed(0)} s`)
      }
    }
    await both.server('slow').switch({ mode: 'slow', delayMs: 500 })
    await shares('less than half of its share', (share) => share < 0.16)
    await both.server('slow').switch({ mode: 'ok' })
    await shares('its share again', (share) => share > 0.3)
    const minutes = (performance.now() - from) / 60_000
    const reloads = (await both.reloads()) - before
    t.comment(`${reloads} reloads in ${minutes.toFixed(1)} min`)
    t.ok(reloads <= 4 * Math.ceil(minutes) + 1, 'all weights move together')
    for (const gateway of gatewayNames) {
      const failed = traffic.failed(gateway).filter(({ at }) => at >= from)
      t.strictSame(failed, [], `${gateway} failed no request`)
    }
  },
)
