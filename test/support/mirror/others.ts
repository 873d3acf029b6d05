import type { Test } from 'tap'
import { instanceRegistered, judged } from '../fleet-builder.ts'
import { waitFor } from '../wait.ts'
import {
  deregister,
  fleetOf,
  healthOf,
  mirrorInto,
  notOfOwner,
  ofOwner,
  proves,
  reaches,
  records,
  register,
  shown,
  startTwoConsuls,
  type Version,
} from './scene.ts'

/** Records of others: they are never changed, and what meets them is said. */
export async function othersSuite(t: Test, version: Version): Promise<void> {
  await using consuls = await startTwoConsuls(version)
  const [zervigo] = consuls

  await t.test('foreign records are byte for byte the same after a whole life of ours beside them', async (t) => {
    const foreign = {
      Node: 'legacy-db',
      Address: '10.9.0.1',
      NodeMeta: { 'external-node': 'true', 'heddle-owner': 'somebody' },
      Service: { ID: 'db', Service: 'beside', Address: '10.9.0.1', Port: 5432, Tags: ['a,b'] },
      Checks: [
        { CheckID: 'service:db', Name: 'x', Status: 'critical', ServiceID: 'db' },
        { CheckID: 'heddle:db', Name: 'y' },
      ],
    }
    await register(zervigo, foreign)
    await register(zervigo, {
      Node: 'heddle-beside',
      Address: '10.9.0.2',
      Service: { ID: 'beside-0', Service: 'beside', Port: 1 },
    })
    const builder = fleetOf('beside', 2)
    const before = await records(zervigo, notOfOwner('beside'))
    {
      await using mirror = await mirrorInto([zervigo], builder.fleet, { owner: 'beside' })
      await proves(mirror.sinks, builder.fleet)
      builder.judge('beside-0', 'critical', 'refused')
      await proves(mirror.sinks, builder.fleet)
      builder.deregister('beside-0', 'beside-1')
      await proves(mirror.sinks, builder.fleet)
    }
    t.strictSame(await records(zervigo, ofOwner('beside')), {})
    t.strictSame(await records(zervigo, notOfOwner('beside')), before)
    t.equal(Object.keys(before).length, 2)
  })

  await t.test(
    'a key of ours that others have taken is left alone, said, and written when they let it go',
    async (t) => {
      const builder = fleetOf('taken', 3)
      const node = (i: number) => `heddle-taken-n-taken-${i}`
      // The whole node; a service on a node of ours; a member of the gossip, as far as the catalogue shows.
      await register(zervigo, {
        Node: node(0),
        Address: '10.9.9.9',
        Check: { CheckID: 'serfHealth', Name: 'Serf', Status: 'passing' },
      })
      const theirs = { ID: 'taken-1', Service: 'taken', Address: '10.9.9.9', Port: 1 }
      await register(zervigo, {
        Node: node(1),
        Address: '10.0.0.1',
        NodeMeta: { 'heddle-owner': 'taken' },
        Service: theirs,
      })
      const before = (await records(zervigo, (name) => name === node(0)))[node(0)]
      await using mirror = await mirrorInto([zervigo], builder.fleet, { owner: 'taken' })
      const [sink] = mirror.sinks
      if (!sink) throw new Error('a sink')
      await proves(mirror.sinks, builder.fleet)
      t.equal((await records(zervigo, (name) => name === node(0)))[node(0)], before)
      const service = await healthOf(zervigo, 'taken')
      t.match(service.find(({ Node }) => Node.Node === node(1))?.Service, {
        ID: 'taken-1',
        Address: '10.9.9.9',
        Port: 1,
      })
      t.ok((await shown(zervigo, 'taken')).includes('taken-2: passing ok'))
      t.equal(sink.status().figures.contested, 3)
      t.match(sink.status().remarks.join('\n'), /gossip/)
      t.match(sink.explain('taken-1'), { state: 'different', remark: /somebody else/ })
      builder.judge('taken-0', 'critical', 'refused')
      builder.judge('taken-1', 'critical', 'refused')
      await proves(mirror.sinks, builder.fleet)
      t.equal((await records(zervigo, (name) => name === node(0)))[node(0)], before)
      await deregister(zervigo, { Node: node(0) })
      await deregister(zervigo, { Node: node(1), ServiceID: 'taken-1' })
      await waitFor(() => shown(zervigo, 'taken'), {
        what: 'all ours',
        withinMs: 20_000,
        until: (rows) => rows.join() === 'taken-0: critical refused,taken-1: critical refused,taken-2: passing ok',
      })
      t.equal(sink.status().figures.contested, 0)
    },
  )

  await t.test('a newcomer on our key is not overwritten by what we remember', async (t) => {
    const builder = fleetOf('raced')
    const settings = { compare_every: '60s', wake_gap: '60s' }
    await using mirror = await mirrorInto([zervigo], builder.fleet, { owner: 'raced', settings })
    await proves(mirror.sinks, builder.fleet)
    const Check = { CheckID: 'heddle:raced-0', Name: 'theirs', Status: 'passing', ServiceID: 'raced-0' }
    await register(zervigo, { Node: 'heddle-raced-n-raced-0', SkipNodeUpdate: true, Check })
    builder.judge('raced-0', 'critical', 'refused')
    await proves(mirror.sinks, builder.fleet)
    const [row] = await healthOf(zervigo, 'raced')
    t.match(
      row?.Checks.find(({ CheckID }) => CheckID === 'heddle:raced-0'),
      { Name: 'theirs', Status: 'passing' },
    )
    t.match(mirror.sinks[0]?.status().remarks.join(), /contested: check heddle:raced-0/)
  })

  await t.test(
    'what others have put on a node of ours keeps the node, and nothing of theirs goes with ours',
    async (t) => {
      const builder = fleetOf('shared', 2)
      const settings = { compare_every: '60s', wake_gap: '60s' }
      await using mirror = await mirrorInto([zervigo], builder.fleet, { owner: 'shared', settings })
      await proves(mirror.sinks, builder.fleet)
      // Behind our back: nothing of it is in our memory.
      const theirs = { ID: 'theirs', Service: 'theirs', Port: 1 }
      await register(zervigo, { Node: 'heddle-shared-n-shared-0', SkipNodeUpdate: true, Service: theirs })
      const Check = { CheckID: 'probe', Name: 'probe', Status: 'passing', ServiceID: 'shared-1' }
      await register(zervigo, { Node: 'heddle-shared-n-shared-1', SkipNodeUpdate: true, Check })
      builder.deregister('shared-0', 'shared-1')
      await proves(mirror.sinks, builder.fleet)
      t.equal((await healthOf(zervigo, 'theirs')).length, 1)
      const [kept] = await healthOf(zervigo, 'shared')
      t.ok(kept?.Checks.some(({ CheckID }) => CheckID === 'probe'))
      t.match(mirror.sinks[0]?.status().figures, { kept: 3 })
    },
  )

  await t.test(
    'the same service, address and port of others is yielded to, or stands beside ours by policy',
    async (t) => {
      const builder = fleetOf('doubled', 2)
      const theirs = { ID: 'x', Service: 'doubled', Address: '10.0.0.1', Port: 8000 }
      await register(zervigo, { Node: 'elsewhere', Address: '10.0.0.1', Service: theirs })
      {
        await using mirror = await mirrorInto([zervigo], builder.fleet, { owner: 'doubled' })
        await proves(mirror.sinks, builder.fleet)
        t.strictSame((await healthOf(zervigo, 'doubled')).map(({ Service }) => Service.ID).sort(), ['doubled-1', 'x'])
        t.match(mirror.sinks[0]?.explain('doubled-0'), {
          state: 'absent',
          remark: /yielded: .* is there as elsewhere\/x/,
        })
        // A new service name is read before it is added for the first time.
        const late = { ID: 'y', Service: 'doubled-late', Address: '', Port: 9000 }
        await register(zervigo, { Node: 'elsewhere', Address: '10.0.0.1', Service: late })
        builder.instance('late-0', 'n-doubled-0', { service: 'doubled-late', port: 9000 })
        await proves(mirror.sinks, builder.fleet)
        t.strictSame(
          (await healthOf(zervigo, 'doubled-late')).map(({ Service }) => Service.ID),
          ['y'],
        )
        await deregister(zervigo, { Node: 'elsewhere', ServiceID: 'x' })
        await waitFor(() => healthOf(zervigo, 'doubled'), {
          what: 'both of ours',
          withinMs: 20_000,
          until: (rows) => rows.map(({ Service }) => Service.ID).join() === 'doubled-0,doubled-1',
        })
        await register(zervigo, { Node: 'elsewhere', Address: '10.0.0.1', Service: theirs })
        await waitFor(() => healthOf(zervigo, 'doubled'), {
          what: 'ours to go again',
          withinMs: 20_000,
          until: (rows) =>
            rows
              .map(({ Service }) => Service.ID)
              .sort()
              .join() === 'doubled-1,x',
        })
      }
      await using mirror = await mirrorInto([zervigo], builder.fleet, {
        owner: 'doubled',
        datacenter: { same_endpoint: 'add' },
      })
      await proves(mirror.sinks, builder.fleet)
      t.equal((await healthOf(zervigo, 'doubled')).length, 3)
    },
  )

  await t.test('two Heddle owners with the same endpoint end with one of them, not with none', async (t) => {
    const builder = fleetOf('both')
    await using second = await mirrorInto([zervigo], builder.fleet, { owner: 'both-2', installation: 'two' })
    await using first = await mirrorInto([zervigo], builder.fleet, { owner: 'both-1', installation: 'one' })
    await proves([...first.sinks, ...second.sinks], builder.fleet)
    await waitFor(() => healthOf(zervigo, 'both'), {
      what: 'one of both',
      withinMs: 20_000,
      until: (rows) => rows.map(({ Node }) => Node.Node).join() === 'heddle-both-1-n-both-0',
    })
    t.pass()
  })

  await t.test('one operation that Consul refuses does not keep the others of its transaction', async (t) => {
    const builder = fleetOf('guilty', 6)
    builder.change(
      ...instanceRegistered('guilty-x', 'n-guilty-3', { service: 'guilty', address: '0.0.0.0' }),
      judged('guilty-x', 'passing'),
    )
    await using mirror = await mirrorInto([zervigo], builder.fleet, { owner: 'guilty' })
    const [sink] = mirror.sinks
    if (!sink) throw new Error('a sink')
    await waitFor(() => shown(zervigo, 'guilty'), {
      what: 'the innocent',
      withinMs: 20_000,
      until: ({ length }) => length === 6,
    })
    await reaches(sink, 'blocked')
    t.match(sink.status().remarks.join(), /refused: guilty-x on .*Invalid service address/)
    t.equal(sink.status().proven, undefined)
    builder.change(
      ...instanceRegistered('guilty-x', 'n-guilty-3', { service: 'guilty', address: '10.0.0.9' }),
      judged('guilty-x', 'passing'),
    )
    await proves(mirror.sinks, builder.fleet)
    t.equal(sink.status().state, 'following')
  })

  await t.test('ids that Consul cannot tell apart are said to collide, and one of them is shown', async (t) => {
    const builder = fleetOf('cased')
    builder.instance('CASED-0', 'n-cased-0', { service: 'cased', port: 9_100 })
    builder.instance('node', 'n-cased-0', { service: 'cased', port: 9_101 })
    await using mirror = await mirrorInto([zervigo], builder.fleet, { owner: 'cased' })
    await proves(mirror.sinks, builder.fleet)
    t.strictSame(await shown(zervigo, 'cased'), ['cased-0: passing ok'])
    t.match(mirror.sinks[0]?.explain('CASED-0'), { state: 'absent', remark: /same as that of cased-0/ })
    t.match(mirror.sinks[0]?.explain('node'), { state: 'absent' })
    builder.deregister('cased-0')
    await proves(mirror.sinks, builder.fleet)
    t.strictSame(await shown(zervigo, 'cased'), ['CASED-0: passing ok'])
  })
}
