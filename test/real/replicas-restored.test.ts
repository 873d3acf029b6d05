import t from 'tap'
import { startConsul } from '#test/support/consul.ts'
import { copyOf, fenceOf, mirrorInto, registerWell, showsCrm, startReplicas } from '#test/support/start-replicas.ts'
import { PostgresqlKind, type StorePlace } from '#test/support/store/kinds.ts'
import { postgresqlPrograms } from '#test/support/store/postgresql.ts'
import { waitFor } from '#test/support/wait.ts'

t.setTimeout(170_000)

const skip = (await postgresqlPrograms()) ? false : 'PostgreSQL is not on this machine'
await t.test('planes on a database that is not what it was', { skip }, async (t) => {
  await using kind = await PostgresqlKind.start()

  await t.test('a restored one leads above what the fence remembers, once nobody else is alive', async (t) => {
    await using consul = await startConsul({ datacenter: 'zervigo-dc' })
    await using place = await kind.place()
    let backup: StorePlace | undefined
    {
      await using replicas = await startReplicas(place, 1, () => mirrorInto([consul]))
      const [plane] = await replicas.inOrder()
      await registerWell(plane, 'crm-1', 7001)
      await showsCrm(consul, ['crm-1'])
      await plane.program.stop()
      backup = await copyOf(kind, place, 'restored')
      await place.query('update leadership set epoch = 7')
      await plane.program.start()
      await registerWell(plane, 'crm-2', 7002)
      await showsCrm(consul, ['crm-1', 'crm-2'])
      await plane.program.kill()
    }
    t.match(await fenceOf(consul), { epoch: 8 })
    await using replicas = await startReplicas(backup, 1, () => mirrorInto([consul]))
    const [plane] = await replicas.inOrder()
    const waiting = await plane.status()
    t.match(waiting.sinks, [
      { name: 'consul:zervigo-dc', state: 'standby', remarks: [/watching whether another process/] },
    ])
    await registerWell(plane, 'crm-4', 7004)
    const fence = await waitFor(() => fenceOf(consul), {
      what: 'the fence to be raised',
      withinMs: 30_000,
      until: (held) => (held?.epoch ?? 0) > 8,
    })
    t.match(fence, { epoch: 9, run: (await plane.self()).run })
    t.match(await backup.query('select epoch from leadership'), [{ epoch: '9' }], 'the leadership is above it too')
    t.match(plane.program.output, /this plane leads.*"epoch":9|"epoch":9.*this plane leads/)
    // What the backup does not know of is gone; that is inferred, so the guard counts it, and two are let go.
    await showsCrm(consul, ['crm-1', 'crm-4'])
  })
})
