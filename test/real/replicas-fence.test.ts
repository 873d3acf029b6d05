import t from 'tap'
import { startConsul } from '#test/support/consul.ts'
import { missingParts } from '#test/support/parts.ts'
import { fenceOf, freshOf, mirrorInto, registerWell, showsCrm, startReplicas } from '#test/support/start-replicas.ts'
import { PostgresqlKind } from '#test/support/store/kinds.ts'
import { startPgbouncer } from '#test/support/store/pgbouncer.ts'
import { postgresqlPrograms } from '#test/support/store/postgresql.ts'
import { waitFor } from '#test/support/wait.ts'

t.setTimeout(170_000)

const skip = (await postgresqlPrograms()) ? false : 'PostgreSQL is not on this machine'
await t.test('of planes that share a database only the leader writes into Consul', { skip }, async (t) => {
  await using kind = await PostgresqlKind.start()

  await t.test('one that stands still is replaced there too, and writes nothing when it wakes up', async (t) => {
    await using consul = await startConsul({ datacenter: 'zervigo-dc' })
    await using place = await kind.place()
    await using replicas = await startReplicas(place, 2, () => mirrorInto([consul]))
    const [leader, follower] = await replicas.inOrder()
    if (!follower) throw new Error('two planes')
    await registerWell(leader, 'crm-1', 7001)
    await registerWell(follower, 'crm-2', 7002)
    await showsCrm(consul, ['crm-1', 'crm-2'])
    const first = await fenceOf(consul)
    t.match(first, { epoch: 1, run: (await leader.self()).run })
    const ofFollower = await waitFor(() => follower.status(), {
      what: 'the follower to say how the datacenter is',
      withinMs: 20_000,
      until: ({ sinks }) => sinks.some(({ state, proven }) => state === 'following' && proven !== null),
    })
    t.match(ofFollower.sinks, [{ name: 'consul:zervigo-dc', mode: 'apply' }])

    leader.program.signal('SIGSTOP')
    const stopped = performance.now()
    await registerWell(follower, 'crm-3', 7003)
    await showsCrm(consul, ['crm-1', 'crm-2', 'crm-3'])
    t.comment(`a change arrived ${Math.round(performance.now() - stopped)} ms after the leader stood still`)
    const { run } = await follower.self()
    t.strictSame(await fenceOf(consul), { installation: first?.installation, epoch: 2, run })
    const written = await consul.request('GET', '/v1/catalog/service/crm')

    leader.program.signal('SIGCONT')
    const seen = new Set<string>()
    const beats = new Set<string>()
    const look = async () => {
      const fresh = await freshOf(consul)
      if (fresh) beats.add(fresh.at)
      seen.add(fresh?.run ?? '')
      return (await leader.self()).leads
    }
    await waitFor(look, {
      what: 'it to follow',
      withinMs: 20_000,
      until: (leads) => !leads && beats.size > 4,
      everyMs: 20,
    })
    t.strictSame([...seen], [run], 'only the new one says that it lives')
    t.strictSame(await fenceOf(consul), { installation: first?.installation, epoch: 2, run })
    t.strictSame(await consul.request('GET', '/v1/catalog/service/crm'), written, 'nothing was rewritten')
    await registerWell(leader, 'crm-4', 7004)
    await showsCrm(consul, ['crm-1', 'crm-2', 'crm-3', 'crm-4'])
  })

  await t.test(
    'also behind PgBouncer; an orderly end hands over at once, and back',
    { skip: missingParts(['pgbouncer']).length > 0 && 'PgBouncer is not on this machine' },
    async (t) => {
      await using consul = await startConsul({ datacenter: 'looma-dc' })
      await using pooler = await startPgbouncer(kind.server.port)
      await using place = await kind.place()
      const journal = (path: string) => ({
        path,
        postgresql: {
          ...{ host: '127.0.0.1', port: pooler.port, user: 'postgres', listen: false },
          database: place.settings.postgresql?.database,
        },
      })
      await using replicas = await startReplicas(place, 2, (index) => ({
        ...mirrorInto([consul]),
        journal: journal(`${place.settings.path}-${index}`),
      }))
      const [leader, follower] = await replicas.inOrder()
      if (!follower) throw new Error('two planes')
      await registerWell(follower, 'crm-1', 7001)
      await showsCrm(consul, ['crm-1'])
      await leader.program.stop()
      await registerWell(follower, 'crm-2', 7002)
      await showsCrm(consul, ['crm-1', 'crm-2'])
      await leader.program.start()
      t.match(await replicas.inOrder(), [{ name: follower.name }, { name: leader.name }])
      await follower.program.kill()
      const killed = performance.now()
      await registerWell(leader, 'crm-3', 7003)
      await showsCrm(consul, ['crm-1', 'crm-2', 'crm-3'])
      t.comment(`a change arrived ${Math.round(performance.now() - killed)} ms after the leader was killed`)
      t.match(await fenceOf(consul), { epoch: 3, run: (await leader.self()).run })
      const { replicas: known = [] } = await waitFor(() => leader.status(), {
        what: 'the end of the other to be seen',
        withinMs: 20_000,
        until: ({ replicas: all = [] }) => all.some(({ state }) => state === 'gone'),
      })
      t.equal(known.find(({ state }) => state === 'gone')?.api, follower.url)
    },
  )
})
