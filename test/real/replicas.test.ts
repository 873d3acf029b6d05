import t from 'tap'
import type { VersionView } from '#shared/protocol/routing-api.ts'
import { startReplicas } from '#test/support/start-replicas.ts'
import { PostgresqlKind } from '#test/support/store/kinds.ts'
import { postgresqlPrograms } from '#test/support/store/postgresql.ts'
import { waitFor } from '#test/support/wait.ts'

t.setTimeout(170_000)

const declaration = `gateways:
  edge: { proxy: envoy, listeners: [{ port: 8080 }] }
routes:
  - { prefix: /, service: crm, path: keep }
`

const skip = (await postgresqlPrograms()) ? false : 'PostgreSQL is not on this machine'
await t.test('planes that share a database', { skip }, async (t) => {
  await using kind = await PostgresqlKind.start()
  await using place = await kind.place()
  await using replicas = await startReplicas(place, 2)
  const [leader, follower] = await replicas.inOrder()
  if (!follower) throw new Error('two planes')

  await t.test('each says who there is, who leads and how far they are', async (t) => {
    for (const plane of [leader, follower]) {
      const { replicas: seen = [], leader: led } = await plane.status()
      t.equal(seen.length, 2)
      t.strictSame(seen.map(({ api }) => api).sort(), [leader.url, follower.url].sort())
      t.ok(seen.every(({ state, seen_ms_ago }) => state === 'serving' && seen_ms_ago < 5_000))
      t.equal(seen.find(({ leads }) => leads)?.api, leader.url)
      t.match(led, { epoch: 1, run: seen.find(({ leads }) => leads)?.run ?? '' })
    }
  })

  await t.test('all take changes at once, and have the same fleet at each revision', async (t) => {
    let writing = true
    const acknowledged: string[] = []
    const write = async (plane: typeof leader, from: number) => {
      for (let number = from; writing; number += 1) {
        const id = `crm-${number}`
        if ((await plane.register(id, 1_000 + (number % 60_000))) < 300) acknowledged.push(id)
      }
    }
    const load = [write(leader, 0), write(follower, 20_000), write(leader, 10_000)]
    for (let round = 0; round < 5; round += 1) {
      const at =
        Math.max(...(await Promise.all([leader.status(), follower.status()])).map((view) => view.revision)) + 40
      const [one, two] = await Promise.all([leader.fingerprint(at), follower.fingerprint(at)])
      t.equal(one.revision, at)
      t.strictSame({ ...one, run: '' }, { ...two, run: '' }, `the same at ${at}`)
      t.not(one.run, two.run)
    }
    writing = false
    await Promise.all(load)
    const rows = await place.query("select subject_id from journal where kind = 'registered'")
    t.strictSame(rows.map((row) => String(row.subject_id)).sort(), acknowledged.sort(), 'each is there exactly once')
    await waitFor(() => place.query('select count(*)::int as count from service_registry'), {
      what: 'the tables',
      withinMs: 20_000,
      until: ([row]) => row?.count === acknowledged.length,
    })
    await t.rejects(follower.fingerprint(1), /already/)
    await t.rejects(follower.fingerprint(2_000_000_000), /only/)
  })

  await t.test('what only the leader can do is done by it, whoever is asked', async (t) => {
    const files = [{ file: 'routes.yaml', text: declaration }]
    const made = await follower.send('POST', '/v1/routing/versions', { files, by: 'alice', comment: 'first' })
    t.equal(made.status, 200, await made.clone().text())
    const read = await follower.get<readonly VersionView[]>('/v1/routing/versions')
    t.match(read, [{ number: 1, author: 'alice' }])
    await waitFor(() => follower.status(), {
      what: 'the gateway on the other plane',
      withinMs: 20_000,
      until: ({ sinks }) => sinks.some(({ name }) => name === 'envoy:edge'),
    })
  })

  await t.test(
    'one that stands still is followed by another, which loses nothing; when it wakes up it follows',
    async (t) => {
      const before = await leader.self()
      leader.program.signal('SIGSTOP')
      const stopped = performance.now()
      t.equal(await follower.register('during-1', 61_001), 201, 'nobody has to lead for that')
      await follower.isLeader(true)
      t.comment(`taken over within ${Math.round(performance.now() - stopped)} ms`)
      t.equal(await follower.register('during-2', 61_002), 201)
      leader.program.signal('SIGCONT')
      await leader.isLeader(false)
      t.equal((await leader.self()).run, before.run, 'it runs on')
      await waitFor(() => leader.get<{ status: string }>('/health'), {
        what: 'its health',
        withinMs: 20_000,
        until: ({ status }) => status === 'healthy',
      })
      t.equal(await leader.register('after-1', 61_003), 201)
      const at = (await leader.status()).revision
      const [one, two] = await Promise.all([
        leader.fingerprint(at + 1),
        follower.fingerprint(at + 1),
        leader.register('after-2', 61_004),
      ])
      t.equal(one.hash, two.hash)
      t.match(await place.query('select epoch from leadership'), [{ epoch: '2' }])
      t.strictSame(
        await place.query(`select 1 from journal where "by" = 'plane:${before.run}' and revision > ${at}`),
        [],
        'it decided nothing after it woke up',
      )
      t.notMatch(leader.program.output, /changes cannot be recorded/)
    },
  )
})
