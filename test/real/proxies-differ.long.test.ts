import t from 'tap'
import { faults } from '#test/support/alike/faults.ts'
import { Servers } from '#test/support/alike/proxies.ts'
import { compareProxies } from '#test/support/alike/run.ts'

t.setTimeout(900_000)

await using servers = await Servers.start()

await t.test(
  '10,000 requests over 40 generated tables: both proxies do what the rule says, and the same',
  async (t) => {
    t.strictSame(await compareProxies(servers, { seed: 2026, worlds: 40, requestsEach: 250 }), [])
  },
)

for (const [name, faultOfEnvoy] of Object.entries(faults)) {
  await t.test(`a renderer's fault is found: ${name}`, async (t) => {
    const found = await compareProxies(servers, { seed: 7, worlds: 8, requestsEach: 250, most: 1, faultOfEnvoy })
    t.equal(found.length, 1)
    t.comment(found[0]?.difference)
  })
}
