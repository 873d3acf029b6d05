import t from 'tap'
import { openStore } from '#control-plane/journal/open-store.ts'
import { reachStore } from '#control-plane/journal/reach-store.ts'
import { RunningPlane } from '#test/support/start-plane.ts'
import { logLines } from '#test/support/store/journal.ts'
import { PostgresqlKind } from '#test/support/store/kinds.ts'
import { registerOn, settingsOn } from '#test/support/store/plane-on.ts'
import { postgresqlPrograms } from '#test/support/store/postgresql.ts'
import { waitFor } from '#test/support/wait.ts'

t.setTimeout(170_000)

const skip = (await postgresqlPrograms()) ? false : 'PostgreSQL is not on this machine'
await t.test('a plane on PostgreSQL', { skip }, async (t) => {
  await using kind = await PostgresqlKind.start()
  const { server } = kind

  await t.test('a lost database is told by the health page, and what is known is served', async (t) => {
    await using place = await kind.place()
    await using plane = await RunningPlane.start({ settings: settingsOn(place) })
    t.match(await plane.get('/health'), { status: 'healthy', store: { state: 'ready' } })
    const register = () => registerOn(plane.url, 'crm-1')
    t.equal((await register()).status, 201)
    await server.kill()
    t.match(
      await waitFor(() => plane.get<{ status: string }>('/health'), {
        what: 'the health page',
        withinMs: 20_000,
        until: ({ status }) => status === 'degraded',
      }),
      { store: { state: 'unavailable', code: 'STORE_UNAVAILABLE', since: /Z$/ } },
    )
    t.match(await plane.get('/cluster/services?status=all'), Object, 'what is known is served')
    await server.start()
    await waitFor(() => plane.get<{ status: string }>('/health'), {
      what: 'the health page',
      withinMs: 20_000,
      until: ({ status }) => status === 'healthy',
    })
    const again = await waitFor(async () => (await register()).status, {
      what: 'a registration',
      withinMs: 20_000,
      until: (status) => status < 300,
    })
    t.ok(again < 300)
  })

  await t.test('waits for a database that is not there yet', async (t) => {
    await using place = await kind.place()
    await server.stop()
    const { log, lines } = logLines()
    const reaching = reachStore(place.settings, log, new AbortController().signal)
    await waitFor(() => lines.some(({ msg }) => msg.includes('waited for')), { what: 'the word', withinMs: 20_000 })
    await server.start()
    await using store = await reaching
    t.equal(await store.head(), 0)
    const stopped = { ...place.settings, postgresql: { ...kind.settings('heddle_1'), port: 1 } }
    await t.rejects(reachStore(stopped, log, AbortSignal.abort()), { code: 'STORE_UNAVAILABLE' })
    await t.rejects(openStore(stopped), { code: 'STORE_UNAVAILABLE' })
  })
})
