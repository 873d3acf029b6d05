import { join } from 'node:path'
import t from 'tap'
import { openStore } from '#control-plane/journal/open-store.ts'
import { reachStore } from '#control-plane/journal/reach-store.ts'
import { temporaryFolder } from '#test/support/folder.ts'
import { logLines } from '#test/support/journal.ts'
import { answers, Program, writeYaml } from '#test/support/landscape/program.ts'
import { freePorts } from '#test/support/ports.ts'
import { postgresqlPrograms } from '#test/support/postgresql.ts'
import { RunningPlane } from '#test/support/start-plane.ts'
import { PostgresqlKind } from '#test/support/store/kinds.ts'
import { registerOn, settingsOn } from '#test/support/store/plane-on.ts'
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

  await t.test(
    'of two on one database one works, and the other follows when it stands still; the one that wakes up ends',
    async (t) => {
      await using place = await kind.place()
      await using folder = await temporaryFolder('two-planes')
      const ports = await freePorts(4)
      const planes = await Promise.all(
        [0, 1].map(async (index) => {
          const file = await writeYaml(join(folder.path, `${index}.yaml`), {
            api: { port: ports[index] },
            routing: { xds: { port: ports[index + 2] } },
            ...settingsOn(place, join(folder.path, `${index}.db`)),
          })
          const url = `http://127.0.0.1:${ports[index]}`
          return {
            url,
            program: new Program(`plane ${index}`, 'control-plane/main.ts', file, answers(`${url}/health`)),
          }
        }),
      )
      const [first, second] = planes
      if (!first || !second) throw new Error('two planes')
      await using one = first.program
      await using two = second.program
      await one.start()
      t.equal(await registerOn(first.url, 'crm-1').then(({ status }) => status), 201)
      const starting = two.start()
      await waitFor(() => two.pid, { what: 'the second process', withinMs: 20_000 })
      t.equal(await registerOn(first.url, 'crm-2').then(({ status }) => status), 201)
      one.signal('SIGSTOP')
      await starting
      const listed = await fetch(`${second.url}/cluster/services?status=all`)
      const text = await listed.text()
      t.match(text, /crm-1/)
      t.match(text, /crm-2/)
      t.equal(await registerOn(second.url, 'crm-3').then(({ status }) => status), 201)
      t.match(await place.query('select epoch from leadership'), [{ epoch: '2' }])
      one.signal('SIGCONT')
      await waitFor(() => one.pid === undefined, { what: 'the end of the first', withinMs: 20_000 })
      t.match(one.output, /LEADERSHIP_LOST/)
      t.match(await place.query('select epoch from leadership'), [{ epoch: '2' }])
      t.match(await (await fetch(`${second.url}/health`)).json(), { status: 'healthy' })
    },
  )

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
