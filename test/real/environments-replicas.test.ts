import t from 'tap'
import type { EnvironmentView } from '#shared/protocol/environment-api.ts'
import { addServer, isState, send, wanted } from '#test/support/environments.ts'
import { startReplicas } from '#test/support/start-replicas.ts'
import { PostgresqlKind } from '#test/support/store/kinds.ts'
import { postgresqlPrograms } from '#test/support/store/postgresql.ts'
import { waitFor } from '#test/support/wait.ts'
import { ZerviServer } from '#test/support/zervi-users.ts'

t.setTimeout(120_000)

const skip = (await postgresqlPrograms()) ? false : 'PostgreSQL is not on this machine'
await t.test('two planes on one database', { skip }, async (t) => {
  await using kind = await PostgresqlKind.start()
  await using place = await kind.place()
  await using zervi = await ZerviServer.start()
  await using replicas = await startReplicas(place, 2, () => ({
    access: { required: false },
    zervi: { url: zervi.url, timeout: '1s' },
  }))
  const [leader, other] = await replicas.inOrder()
  if (!other) throw new Error('two planes')
  await addServer(leader.url, 'bs-1', 4)
  await addServer(leader.url, 'bs-2', 3)
  await waitFor(() => other.get<unknown[]>('/v1/instances?routable=yes'), {
    what: 'both to know the servers',
    withinMs: 20_000,
    until: (seen) => seen.length === 2,
  })

  await t.test('together give no more than there is', async (t) => {
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, index) =>
        send([leader, other][index % 2]?.url ?? '', '/v1/environments', wanted(`user-${index}`)),
      ),
    )
    t.strictSame(
      answers.map(({ status }) => status).sort(),
      [200, 200, 200, 200, 200, 200, 200, 409, 409, 409, 409, 409],
    )
    const held = Map.groupBy(await other.get<EnvironmentView[]>('/v1/environments'), ({ server }) => server.instance)
    t.strictSame([held.get('bs-1')?.length, held.get('bs-2')?.length], [4, 3])
  })

  await t.test('the one that leads releases what another one left in the middle', async (t) => {
    const [one] = await leader.get<EnvironmentView[]>('/v1/environments?limit=1')
    const id = one?.id ?? ''
    zervi.fault = (call) => (call.startsWith('DELETE') ? 'hangs' : undefined)
    const left = send(other.url, `/v1/environments/${id}/release`, { reason: 'gone' }).catch(() => undefined)
    await waitFor(async () => zervi.count(/^DELETE/), { what: 'a step', withinMs: 20_000, until: (count) => count > 0 })
    await other.program.kill()
    await left
    zervi.fault = () => undefined
    const show = () => leader.get<EnvironmentView>(`/v1/environments/${id}`)
    await waitFor(show, { what: 'it to be released', withinMs: 30_000, until: isState('released') })
    t.equal(zervi.users.size, 6)
  })
})
