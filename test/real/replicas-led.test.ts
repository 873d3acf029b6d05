import t from 'tap'
import { freePort } from '#test/support/ports.ts'
import { startReplicas } from '#test/support/start-replicas.ts'
import { PostgresqlKind } from '#test/support/store/kinds.ts'
import { postgresqlPrograms } from '#test/support/store/postgresql.ts'
import { waitFor } from '#test/support/wait.ts'

t.setTimeout(120_000)

const skip = (await postgresqlPrograms()) ? false : 'PostgreSQL is not on this machine'
await t.test('whichever plane is asked says how what the leading one follows is, over TLS too', { skip }, async (t) => {
  await using kind = await PostgresqlKind.start()
  await using place = await kind.place()
  // Nobody listens there: that, too, only the plane that leads can say.
  const nobody = `http://127.0.0.1:${await freePort()}`
  const settings = () => ({
    mirror: { datacenters: [{ name: 'zervigo-dc', address: nobody }] },
    kubernetes: { clusters: [{ name: 'prod', server: nobody, services: [{ name: 'crm' }] }] },
  })
  await using replicas = await startReplicas(place, 2, settings, { tls: true })
  const [leader, follower] = await replicas.inOrder()
  if (!follower) throw new Error('two planes')
  for (const plane of [leader, follower]) {
    const view = await waitFor(() => plane.status(), {
      what: `${plane.name} to say that both are away`,
      withinMs: 30_000,
      until: ({ sinks, kubernetes = [] }) =>
        sinks[0]?.state === 'behind' && typeof kubernetes[0]?.error === 'string' && kubernetes[0].cluster === 'prod',
    })
    t.match(view.problems.join(), /Kubernetes prod: EndpointSlices: .*What is known of it stays as it was/)
    t.notMatch(view.sinks[0]?.remarks.join(), /nothing was heard of it yet/)
  }
  t.notMatch(follower.program.output, /does not say how its sinks are/)
})
