import t from 'tap'
import { startBasicServer } from '#test/support/start-basic-server.ts'
import { drive } from '#test/support/traffic.ts'
import { waitFor } from '#test/support/wait.ts'

for (const connections of ['fresh', 'kept'] as const) {
  await t.test(`traffic over ${connections} connections keeps to its rate and tells of a crash`, async (t) => {
    await using server = await startBasicServer({ instance: 'a' })
    await using traffic = drive({ url: `${server.url}/`, perSecond: 200, connections, timeoutMs: 1_000 })
    const startedAt = performance.now()
    const { sent, failed, instances } = await waitFor(traffic.summary, {
      what: '200 answers',
      withinMs: 20_000,
      until: ({ sent }) => sent >= 200,
    })
    t.ok(performance.now() - startedAt > 700)
    t.equal(failed, 0)
    t.strictSame(instances, { a: sent })
    const { accepted } = await server.stats()
    t.ok(connections === 'fresh' ? accepted >= sent : accepted < sent / 2, `${accepted} connections`)
    await server.kill()
    await waitFor(traffic.summary, {
      what: 'refused connections',
      withinMs: 20_000,
      until: ({ failures: { ECONNREFUSED = 0 } }) => ECONNREFUSED > 0,
    })
    const { examples } = await traffic.stop()
    t.match(examples[0], { kind: 'failed', reason: String })
  })
}

await t.test('a request without an answer in time has failed', async (t) => {
  await using server = await startBasicServer()
  await server.switch({ mode: 'hang' })
  await using traffic = drive({ url: server.url, perSecond: 50, timeoutMs: 100 })
  await waitFor(traffic.summary, { what: 'a failure', withinMs: 20_000, until: ({ failed }) => failed > 0 })
  const { failures } = await traffic.stop()
  t.strictSame(Object.keys(failures), ['timeout'])
})
