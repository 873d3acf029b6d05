import t from 'tap'
import { startConsul } from '#test/support/consul.ts'
import { copyOf, fenceOf, mirrorInto, registerWell, showsCrm, startReplicas } from '#test/support/start-replicas.ts'
import { PostgresqlKind } from '#test/support/store/kinds.ts'
import { postgresqlPrograms } from '#test/support/store/postgresql.ts'
import { waitFor } from '#test/support/wait.ts'

t.setTimeout(170_000)

const skip = (await postgresqlPrograms()) ? false : 'PostgreSQL is not on this machine'
await t.test('two machines of which one is a copy of the other', { skip }, async (t) => {
  await using kind = await PostgresqlKind.start()

  await t.test(
    'a copy of a machine only observes while the other one lives, says so, and takes over when it is gone',
    async (t) => {
      await using consul = await startConsul({ datacenter: 'looma-dc' })
      await using place = await kind.place()
      await using replicas = await startReplicas(place, 1, () => mirrorInto([consul]))
      const [plane] = await replicas.inOrder()
      await registerWell(plane, 'crm-1', 7001)
      await showsCrm(consul, ['crm-1'])
      await plane.program.stop()
      const copy = await copyOf(kind, place, 'copied')
      await plane.program.start()
      await replicas.inOrder()
      await waitFor(() => fenceOf(consul), { what: 'its fence', withinMs: 20_000, until: (held) => held?.epoch === 2 })

      await using others = await startReplicas(copy, 1, () => mirrorInto([consul]))
      const [other] = await others.inOrder()
      t.equal((await other.status()).installation, (await plane.status()).installation)
      await waitFor(() => other.status(), {
        what: 'the copy to see the other one',
        withinMs: 20_000,
        until: ({ sinks }) =>
          sinks.some(({ state, remarks }) => state === 'standby' && /is alive/.test(remarks.join())),
      })
      await registerWell(other, 'copy-1', 7009)
      await registerWell(plane, 'crm-2', 7002)
      await showsCrm(consul, ['crm-1', 'crm-2'])
      t.match(await fenceOf(consul), { run: (await plane.self()).run })
      const lost = (await plane.self()).run
      await plane.program.kill()
      await waitFor(() => fenceOf(consul), {
        what: 'the copy to take over',
        withinMs: 30_000,
        until: (held) => held !== undefined && held.run !== lost,
      })
      t.match(await fenceOf(consul), { run: (await other.self()).run })
      await waitFor(() => consul.request<readonly object[]>('GET', '/v1/health/service/crm?passing'), {
        what: 'what it has',
        withinMs: 20_000,
        until: (rows) => JSON.stringify(rows).includes('copy-1'),
      })
    },
  )
})
