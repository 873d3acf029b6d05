import type { Test } from 'tap'
import { instanceRegistered, judged, nodeJoined } from '../fleet-builder.ts'
import {
  deregister,
  healthOf,
  notOfOwner,
  ofOwner,
  proves,
  records,
  register,
  shown,
  startTwoConsuls,
  type Version,
} from '../mirror/scene.ts'
import { waitFor } from '../wait.ts'
import { foreignPlane, stranger } from './scene.ts'

/** What others registered stands in the other datacenter, as long as it stands in its own. */
export async function copiesSuite(t: Test, version: Version): Promise<void> {
  await using consuls = await startTwoConsuls(version)
  const [zervigo, looma] = consuls

  function copied(service: string, expected: readonly string[]) {
    return waitFor(() => shown(looma, service), {
      what: `looma-dc to show ${service} as ${expected.join(', ') || 'nothing'}`,
      withinMs: 15_000,
      until: (now) => JSON.stringify(now) === JSON.stringify(expected),
    })
  }

  await t.test('what others registered is listed, and copied with its health; what changes follows', async (t) => {
    await register(zervigo, stranger('billing-1', { service: 'billing', port: 7001 }))
    await register(zervigo, stranger('billing-2', { service: 'billing', port: 7002, status: 'critical' }))
    await register(zervigo, {
      Node: 'mesh',
      Address: '10.9.0.2',
      Service: {
        ID: 'p',
        Service: 'billing-proxy',
        Kind: 'connect-proxy',
        Port: 1,
        Proxy: { DestinationServiceName: 'billing' },
      },
    })
    await register(looma, stranger('local-1', { service: 'local', port: 7003 }))
    const before = {
      zervigo: await records(zervigo, notOfOwner('copies')),
      looma: await records(looma, notOfOwner('copies')),
    }
    const policies = { 'zervigo-dc': { copy_to: [{ datacenter: 'looma-dc' }] } }
    await using plane = await foreignPlane(consuls, { owner: 'copies', policies })
    await copied('billing', ['billing-1: passing ok', 'billing-2: critical foreign_check check=service:billing-2'])
    t.strictSame([...plane.fleet.foreign.keys()].sort(), [
      'looma-dc/legacy/local-1',
      'zervigo-dc/legacy/billing-1',
      'zervigo-dc/legacy/billing-2',
    ])
    t.match(await healthOf(looma, 'billing'), [
      {
        Service: {
          Tags: ['old'],
          Meta: { version: '3', 'heddle-origin': 'foreign', 'heddle-datacenter': 'zervigo-dc' },
        },
      },
      {},
    ])
    await proves(plane.mirror.sinks, plane.fleet)
    t.strictSame(await records(zervigo, ofOwner('copies')), {}, 'nothing is copied that policy does not name')
    t.strictSame(await records(zervigo, notOfOwner('copies')), before.zervigo)
    t.strictSame(await records(looma, notOfOwner('copies')), before.looma)

    await register(zervigo, stranger('billing-2', { service: 'billing', port: 7002 }))
    await copied('billing', ['billing-1: passing ok', 'billing-2: passing ok'])
    await deregister(zervigo, { Node: 'legacy', ServiceID: 'billing-1' })
    await copied('billing', ['billing-2: passing ok'])
    t.notOk(plane.fleet.foreign.has('zervigo-dc/legacy/billing-1'))
  })

  await t.test('an agent beside it has the word, and there is one of it', async (t) => {
    await register(zervigo, stranger('crm-old', { service: 'crm', port: 7010 }))
    const policies = { 'zervigo-dc': { select: [{ service: 'crm' }], copy_to: [{ datacenter: 'looma-dc' }] } }
    await using plane = await foreignPlane(consuls, { owner: 'word', policies })
    await copied('crm', ['crm-old: passing ok'])
    const spec = { service: 'crm', address: '10.9.0.1', port: 7010 }
    const by = { by: 'agent:n-aaaaaaaaaaaa' }
    for (const change of [
      ...nodeJoined('n-aaaaaaaaaaaa'),
      ...instanceRegistered('crm-1', 'n-aaaaaaaaaaaa', spec),
      judged('crm-1', 'critical', 'refused'),
    ]) {
      await plane.journal.record(change, by)
    }
    await copied('crm', ['crm-1: critical refused'])
    t.match(await shown(zervigo, 'crm'), ['crm-old: undefined undefined'], 'where it stands already, ours is not added')
    await plane.journal.record({ kind: 'deregistered', instance: 'crm-1', cause: 'operator' }, by)
    await copied('crm', ['crm-old: passing ok'])
  })

  await t.test('a restart while its Consul is away leaves the copies as they were, and writes nothing', async (t) => {
    await register(zervigo, stranger('stay-1', { node: 'stay', service: 'stay' }))
    const policies = { 'zervigo-dc': { select: [{ service: 'stay' }], copy_to: [{ datacenter: 'looma-dc' }] } }
    const options = { owner: 'stay', policies }
    let entries: Parameters<typeof foreignPlane>[1]['before'] = []
    {
      await using plane = await foreignPlane(consuls, options)
      await copied('stay', ['stay-1: passing ok'])
      await proves(plane.mirror.sinks, plane.fleet)
      entries = [...plane.journal.entries]
    }
    const before = await records(looma, ofOwner('stay'))
    await zervigo.stop()
    {
      await using plane = await foreignPlane(consuls, { ...options, before: entries, standInAfterMs: 300 })
      await waitFor(() => plane.foreign.complete(), {
        what: 'the last list to stand in',
        withinMs: 10_000,
        until: (complete) => complete,
      })
      const [, looma] = plane.mirror.sinks
      await proves(looma ? [looma] : [], plane.fleet)
      t.match(plane.foreign.status(), [{ datacenter: 'zervigo-dc', answered: false, instances: 1, error: String }, {}])
      t.strictSame(plane.journal.entries, [], 'nothing has changed')
    }
    t.strictSame(await records(looma, ofOwner('stay')), before)
    await zervigo.start()
  })

  await t.test('when much goes at once its copies wait for an operator', async (t) => {
    const ids = Array.from({ length: 8 }, (_, i) => `many-${i}`)
    for (const [i, id] of ids.entries()) {
      await register(zervigo, stranger(id, { node: 'many', service: 'many', port: 7100 + i }))
    }
    const policies = { 'zervigo-dc': { select: [{ service: 'many' }], copy_to: [{ datacenter: 'looma-dc' }] } }
    await using plane = await foreignPlane(consuls, { owner: 'many', policies })
    const all = ids.map((id) => `${id}: passing ok`)
    await copied('many', all)
    await proves(plane.mirror.sinks, plane.fleet)
    await deregister(zervigo, { Node: 'many' })
    await waitFor(() => plane.mirror.pending().get('looma-dc') ?? [], {
      what: '8 deletions to be held',
      withinMs: 15_000,
      until: ({ length }) => length === 8,
    })
    t.strictSame(await shown(looma, 'many'), all)
    t.equal(plane.mirror.approve('looma-dc'), 8)
    await copied('many', [])
  })
}
