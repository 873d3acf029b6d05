import type { Test } from 'tap'
import { instanceRegistered, judged } from '../fleet-builder.ts'
import { waitFor } from '../wait.ts'
import {
  fleetOf,
  healthOf,
  mirrorInto,
  ofOwner,
  proves,
  reaches,
  records,
  shown,
  startTwoConsuls,
  type Version,
} from './scene.ts'

/** What follows the fleet, and what must not be written. */
export async function followingSuite(t: Test, version: Version): Promise<void> {
  await using consuls = await startTwoConsuls(version)
  const [zervigo] = consuls

  await t.test('an instance appears in both datacenters, becomes critical, and comes back', async (t) => {
    const builder = fleetOf('life')
    await using mirror = await mirrorInto(consuls, builder.fleet, { owner: 'life' })
    await proves(mirror.sinks, builder.fleet)
    for (const consul of consuls) t.strictSame(await shown(consul, 'life'), ['life-0: passing ok'])
    builder.judge('life-0', 'critical', 'refused')
    await proves(mirror.sinks, builder.fleet)
    for (const consul of consuls) {
      t.strictSame(await shown(consul, 'life'), ['life-0: critical refused'])
      t.strictSame(await healthOf(consul, 'life', '?passing'), [])
    }
    builder.judge('life-0', 'passing')
    await proves(mirror.sinks, builder.fleet)
    for (const consul of consuls) t.equal((await healthOf(consul, 'life', '?passing')).length, 1)
  })

  await t.test(
    'a published removal is critical before its event is journalled, and passing again when it is taken back',
    async (t) => {
      const builder = fleetOf('overlay')
      await using mirror = await mirrorInto([zervigo], builder.fleet, { owner: 'overlay' })
      await proves(mirror.sinks, builder.fleet)
      builder.fleet.publishRemoval('overlay-0', { code: 'refused' })
      await waitFor(() => shown(zervigo, 'overlay'), {
        what: 'critical',
        withinMs: 20_000,
        until: ([first]) => first === 'overlay-0: critical refused',
      })
      builder.fleet.lift('overlay-0')
      await waitFor(() => shown(zervigo, 'overlay'), {
        what: 'passing',
        withinMs: 20_000,
        until: ([first]) => first === 'overlay-0: passing ok',
      })
      t.pass()
    },
  )

  await t.test('names, tags and metadata arrive in any script, and weights as Consul counts them', async (t) => {
    const builder = fleetOf('words')
    builder.node('节点 一', { site: '阿里云', cluster: '织女' })
    const metadata = { environment: '生产', 区域: '杭州', 'consul-x': 'y', 'heddle-owner': 'evil' }
    builder.change(
      ...instanceRegistered('jl.1:x@Y', '节点 一', {
        service: '简历',
        name: '甲',
        tags: ['主'],
        metadata,
        weight: 300,
      }),
      judged('jl.1:x@Y', 'warning', 'unknown_word'),
    )
    await using mirror = await mirrorInto([zervigo], builder.fleet, { owner: 'words' })
    await proves(mirror.sinks, builder.fleet)
    const [row] = await healthOf(zervigo, '简历', '?passing')
    t.match(row, {
      Node: { Meta: { 'heddle-owner': 'words', site: '阿里云', cluster: '织女', 'heddle-node': '节点 一' } },
      Service: {
        ID: 'jl.1:x@Y',
        Tags: ['主'],
        Weights: { Passing: 3, Warning: 3 },
        Meta: { 'heddle-owner': 'words', 'heddle-origin': 'agent', name: '甲', environment: '生产', site: '阿里云' },
      },
    })
    t.match(Object.values(row?.Service.Meta ?? {}), /杭州/)
  })

  await t.test(
    'a warning stays visible to those who ask for passing ones, unless the datacenter chooses otherwise',
    async (t) => {
      const builder = fleetOf('warned')
      builder.judge('warned-0', 'warning', 'dependency')
      {
        await using mirror = await mirrorInto([zervigo], builder.fleet, { owner: 'warned' })
        await proves(mirror.sinks, builder.fleet)
        t.strictSame(await shown(zervigo, 'warned'), ['warned-0: passing dependency'])
      }
      await using mirror = await mirrorInto([zervigo], builder.fleet, {
        owner: 'warned',
        datacenter: { warning_as: 'warning' },
      })
      await proves(mirror.sinks, builder.fleet)
      t.strictSame(await shown(zervigo, 'warned'), ['warned-0: warning dependency'])
    },
  )

  await t.test('only what the datacenter selects is shown', async (t) => {
    const builder = fleetOf('chosen', 2)
    builder.instance('left-out-0', 'n-chosen-0', { service: 'left-out', port: 9_000 })
    await using mirror = await mirrorInto([zervigo], builder.fleet, {
      owner: 'chosen',
      datacenter: { select: [{ service: 'cho*' }] },
    })
    await proves(mirror.sinks, builder.fleet)
    t.equal((await shown(zervigo, 'chosen')).length, 2)
    t.strictSame(await shown(zervigo, 'left-out'), [])
    t.match(mirror.sinks[0]?.explain('left-out-0'), { state: 'absent', remark: /not selected/ })
  })

  await t.test('a deregistered instance goes, and its node with the last of them', async (t) => {
    const builder = fleetOf('gone', 2)
    builder.instance('gone-x', 'n-gone-0', { service: 'gone', port: 9_001 })
    await using mirror = await mirrorInto([zervigo], builder.fleet, { owner: 'gone' })
    await proves(mirror.sinks, builder.fleet)
    builder.deregister('gone-x', 'gone-1')
    await proves(mirror.sinks, builder.fleet)
    t.strictSame(await shown(zervigo, 'gone'), ['gone-0: passing ok'])
    t.strictSame(Object.keys(await records(zervigo, ofOwner('gone'))), ['heddle-gone-n-gone-0'])
  })

  await t.test('a node is critical only when its death is confirmed, and hides what is on it', async (t) => {
    const builder = fleetOf('dead')
    await using mirror = await mirrorInto([zervigo], builder.fleet, { owner: 'dead' })
    const nodeCheck = async () => {
      const [row] = await healthOf(zervigo, 'dead')
      return row?.Checks.find(({ CheckID }) => CheckID === 'heddle:node')?.Status
    }
    const node = 'n-dead-0'
    builder.change({ kind: 'contact-changed', node, contact: 'lost', session: `session-${node}` })
    await proves(mirror.sinks, builder.fleet)
    t.equal(await nodeCheck(), 'passing')
    t.strictSame(await shown(zervigo, 'dead'), ['dead-0: passing ok'])
    builder.change({ kind: 'death-confirmed', instance: 'dead-0', death: { how: 'refused', vantages: ['plane'] } })
    await proves(mirror.sinks, builder.fleet)
    t.equal(await nodeCheck(), 'critical')
    t.strictSame(await shown(zervigo, 'dead'), ['dead-0: critical death_confirmed how=refused'])
  })

  await t.test('frozen, nothing is written, not even that we live; thawed, it catches up', async (t) => {
    const builder = fleetOf('frozen')
    await using mirror = await mirrorInto([zervigo], builder.fleet, { owner: 'frozen' })
    const [sink] = mirror.sinks
    if (!sink) throw new Error('a sink')
    await proves(mirror.sinks, builder.fleet)
    builder.freeze()
    await reaches(sink, 'frozen')
    const { transactions } = sink.status().figures
    const before = await records(zervigo, ofOwner('frozen'))
    builder.judge('frozen-0', 'critical', 'refused')
    const index = await indexNow(zervigo)
    await waitFor(() => sink.explain('frozen-0').state, {
      what: 'different',
      withinMs: 20_000,
      until: (state) => state === 'different',
    })
    t.strictSame(await records(zervigo, ofOwner('frozen')), before)
    t.equal(sink.status().figures.transactions, transactions)
    t.equal(await indexNow(zervigo), index)
    builder.thaw()
    await proves(mirror.sinks, builder.fleet)
    t.strictSame(await shown(zervigo, 'frozen'), ['frozen-0: critical refused'])
  })

  await t.test('in observe mode nothing is written, and what would be is said', async (t) => {
    const builder = fleetOf('observed', 2)
    await using mirror = await mirrorInto([zervigo], builder.fleet, {
      owner: 'observed',
      datacenter: { mode: 'observe' },
    })
    const [sink] = mirror.sinks
    if (!sink) throw new Error('a sink')
    const says = (what: RegExp) =>
      waitFor(() => sink.status().remarks.join(), {
        what: String(what),
        withinMs: 20_000,
        until: (text) => what.test(text),
      })
    await says(/would add 4, change 0 and remove 0/)
    builder.deregister('observed-1')
    await says(/would add 2, change 0 and remove 0/)
    t.strictSame(await records(zervigo, ofOwner('observed')), {})
    t.equal(sink.status().proven, undefined)
    t.match(sink.explain('observed-0'), { state: 'absent' })
  })
}

/** The index of the last write of anybody into keys under our prefix and the catalogue. */
async function indexNow(consul: { readonly url: string }): Promise<string | null> {
  const response = await fetch(`${consul.url}/v1/kv/heddle/frozen/?recurse`)
  await response.text()
  return response.headers.get('x-consul-index')
}
