import t from 'tap'
import { BothGateways, gatewayNames, whoOf } from '#test/support/both-gateways.ts'
import { missingParts } from '#test/support/parts.ts'

t.setTimeout(180_000)

const skip = missingParts(['envoy', 'nginx']).length > 0 ? 'there is no Envoy or no Nginx' : false
const near = ['near-1', 'near-2']

/** While an Nginx reloads, old and new workers answer side by side for a moment: that is no turn. */
const leastAnswers = 10

/** By whom requests were answered one after the other, each time that another one took over. */
function turnsOf(served: readonly string[]): readonly string[] {
  const lasting = served.filter((who, place) => {
    const from = served.slice(0, place).findLastIndex((other) => other !== who) + 1
    const to = served.findIndex((other, later) => later > place && other !== who)
    return (to < 0 ? served.length : to) - from >= leastAnswers
  })
  return lasting.filter((who, place) => who !== lasting[place - 1])
}

await t.test(
  'own site, own cluster, the other cluster, and back, through Envoy and Nginx at once',
  { skip },
  async (t) => {
    await using both = await BothGateways.start({
      service: 'user',
      nodes: [
        { name: 'near', site: 'tencent', cluster: 'looma', instances: near },
        { name: 'mid', site: 'alibaba', cluster: 'looma', instances: ['mid'] },
        { name: 'far', site: 'alibaba', cluster: 'zervigo', instances: ['far'] },
      ],
      routes: `services: { user: { locality: { return_after: 6s } } }
routes: [{ prefix: /user, service: user, path: keep }]
`,
    })
    await using traffic = both.drive('/user', 25)
    await traffic.servedBy(near)
    const begun = performance.now()

    await both.server('near-1').kill()
    await traffic.servedBy(['near-2'])
    t.pass('half of a site is enough')
    await both.server('near-2').kill()
    await traffic.servedBy(['mid'])
    await both.server('mid').kill()
    await traffic.servedBy(['far'])

    // Who comes and goes faster than a level returns moves nobody.
    const flapping = performance.now()
    let longestUpMs = 0
    for (let round = 0; round < 2; round += 1) {
      const up = performance.now()
      await both.server('mid').start()
      await both.routable('mid', true)
      await traffic.more(10)
      await both.server('mid').kill()
      await both.routable('mid', false)
      longestUpMs = Math.max(longestUpMs, performance.now() - up)
    }
    for (const gateway of gatewayNames) {
      const served = Object.keys(traffic.shares(gateway, flapping))
      // A machine that is as slow as that has seen a return that is right.
      if (longestUpMs < 5_000) t.strictSame(served, ['far'], `${gateway} stayed while an instance flapped`)
    }

    for (const instance of ['mid', ...near]) await both.server(instance).start()
    await traffic.servedBy(near)

    for (const gateway of gatewayNames) {
      t.strictSame(traffic.failed(gateway), [], `${gateway} failed no request`)
      const served = traffic.since(gateway, begun).map((outcome) => whoOf(outcome).replace(/-.*/, ''))
      t.match(turnsOf(served).join(' '), /^near mid far (?:mid )?near$/, `${gateway} went there and back once`)
    }
  },
)
