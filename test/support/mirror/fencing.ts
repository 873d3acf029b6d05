import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Test } from 'tap'
import { Cable } from '../cable.ts'
import { startConsul } from '../consul.ts'
import { temporaryFolder } from '../folder.ts'
import { waitFor } from '../wait.ts'
import {
  fleetOf,
  mirrorInto,
  ofOwner,
  proves,
  reaches,
  readKey,
  records,
  shown,
  startTwoConsuls,
  type Version,
} from './scene.ts'

/** Who may write, and how others see that somebody does. */
export async function fencingSuite(t: Test, version: Version): Promise<void> {
  await using consuls = await startTwoConsuls(version)
  const [zervigo] = consuls

  await t.test('a second installation under the same owner stops, and writes nothing', async (t) => {
    const builder = fleetOf('fenced')
    await using first = await mirrorInto([zervigo], builder.fleet, { owner: 'fenced' })
    await proves(first.sinks, builder.fleet)
    const before = await records(zervigo, ofOwner('fenced'))
    const other = fleetOf('fenced-other')
    await using second = await mirrorInto([zervigo], other.fleet, { owner: 'fenced', installation: 'two', epoch: 9 })
    const [sink] = second.sinks
    if (!sink) throw new Error('a sink')
    const { remarks } = await reaches(sink, 'blocked')
    t.match(remarks.join(), /the installation one writes under the same owner/)
    t.strictSame(await records(zervigo, ofOwner('fenced')), before)
    t.equal(sink.status().figures.transactions, 0)
    builder.judge('fenced-0', 'critical', 'refused')
    await proves(first.sinks, builder.fleet)
    t.strictSame(await shown(zervigo, 'fenced'), ['fenced-0: critical refused'])
  })

  await t.test(
    'a second process of the same installation only observes, and takes over when the first ends',
    async (t) => {
      const builder = fleetOf('copied')
      const first = await mirrorInto([zervigo], builder.fleet, { owner: 'copied' })
      await proves(first.sinks, builder.fleet)
      const copy = fleetOf('copied', 2)
      await using second = await mirrorInto([zervigo], copy.fleet, { owner: 'copied' })
      const [sink] = second.sinks
      if (!sink) throw new Error('a sink')
      await waitFor(() => sink.status().remarks.join(), {
        what: 'that it only observes',
        withinMs: 20_000,
        until: (text) => /only observing/.test(text) && /would add 2/.test(text),
      })
      t.equal(sink.status().state, 'standby')
      t.equal(sink.status().figures.transactions, 0)
      t.equal((await shown(zervigo, 'copied')).length, 1)
      await first[Symbol.asyncDispose]()
      await proves(second.sinks, copy.fleet)
      t.equal((await shown(zervigo, 'copied')).length, 2)
    },
  )

  await t.test('a process that was killed is waited for once, then its records are taken on as they are', async (t) => {
    const builder = fleetOf('killed', 4)
    {
      await using mirror = await mirrorInto([zervigo], builder.fleet, { owner: 'killed', run: 'old' })
      await proves(mirror.sinks, builder.fleet)
    }
    // As kill -9 leaves it: no word of its end.
    const key = await readKey(zervigo, 'heddle/killed/fresh')
    const left = JSON.parse(Buffer.from(key?.Value ?? '', 'base64').toString('utf8'))
    t.match(left, { installation: 'one', run: 'old', state: 'stopped', revision: builder.fleet.revision })
    await zervigo.request('PUT', '/v1/kv/heddle/killed/fresh', { ...left, state: 'alive' })
    const before = await records(zervigo, ofOwner('killed'))
    const startedAt = performance.now()
    await using mirror = await mirrorInto([zervigo], builder.fleet, { owner: 'killed', run: 'new' })
    const [sink] = mirror.sinks
    if (!sink) throw new Error('a sink')
    t.equal(sink.status().state, 'standby')
    await proves(mirror.sinks, builder.fleet)
    t.ok(performance.now() - startedAt >= 1_000, 'it watched first')
    t.equal(sink.status().figures.writes, 0)
    t.strictSame(await records(zervigo, ofOwner('killed')), before)
  })

  await t.test(
    'a new leader of a running installation raises the fence, and the old one can write nothing more',
    async (t) => {
      const old = fleetOf('led')
      const settings = { freshness: { every: '10s', watch: '1s' } }
      await using paused = await mirrorInto([zervigo], old.fleet, { owner: 'led', epoch: 1, settings })
      await proves(paused.sinks, old.fleet)
      const current = fleetOf('led')
      current.judge('led-0', 'critical', 'refused')
      await using leader = await mirrorInto([zervigo], current.fleet, { owner: 'led', epoch: 2, takeover: true })
      await proves(leader.sinks, current.fleet)
      // The old one wakes up and wants to write what it believes.
      old.judge('led-0', 'critical', 'timeout')
      const [sink] = paused.sinks
      if (!sink) throw new Error('a sink')
      await waitFor(() => sink.status().remarks.join(), {
        what: 'the old one to stand down',
        withinMs: 20_000,
        until: (text) => /alive/.test(text),
      })
      t.strictSame(await shown(zervigo, 'led'), ['led-0: critical refused'])
    },
  )

  await t.test(
    'the freshness key moves while the mirror lives, says what is proven, and is marked at the end',
    async (t) => {
      const builder = fleetOf('fresh')
      const value = async () =>
        JSON.parse(Buffer.from((await readKey(zervigo, 'heddle/fresh/fresh'))?.Value ?? '', 'base64').toString())
      {
        await using mirror = await mirrorInto([zervigo], builder.fleet, { owner: 'fresh' })
        await proves(mirror.sinks, builder.fleet)
        const index = (await readKey(zervigo, 'heddle/fresh/fresh'))?.ModifyIndex
        await waitFor(() => readKey(zervigo, 'heddle/fresh/fresh'), {
          what: 'it to move',
          withinMs: 20_000,
          until: (key) => key?.ModifyIndex !== index,
        })
        await waitFor(value, {
          what: 'the revision',
          withinMs: 20_000,
          until: ({ revision }) => revision === builder.fleet.revision,
        })
        t.equal((await value()).state, 'alive')
      }
      t.equal((await value()).state, 'stopped')
    },
  )

  await t.test('a Consul that has lost everything is filled again, though its indexes start anew', async (t) => {
    await using folder = await temporaryFolder('lost')
    await using consul = await startConsul({ datacenter: 'lost-dc', version, dataDir: folder.path })
    for (let i = 0; i < 50; i += 1) await consul.request('PUT', `/v1/kv/something/${i}`, i)
    const builder = fleetOf('lost', 5)
    await using mirror = await mirrorInto([consul], builder.fleet, { owner: 'lost' })
    await proves(mirror.sinks, builder.fleet)
    const index = (await readKey(consul, 'heddle/lost/fence'))?.ModifyIndex ?? 0
    await consul.kill()
    for (const name of await readdir(folder.path)) await rm(join(folder.path, name), { recursive: true })
    await consul.start()
    await waitFor(() => shown(consul, 'lost'), {
      what: 'all back',
      withinMs: 15_000,
      until: ({ length }) => length === 5,
    })
    t.ok(((await readKey(consul, 'heddle/lost/fence'))?.ModifyIndex ?? 0) < index, 'the indexes went back')
    builder.judge('lost-0', 'critical', 'refused')
    await proves(mirror.sinks, builder.fleet)
    t.ok((await shown(consul, 'lost')).includes('lost-0: critical refused'))
  })
  await t.test(
    'one that has lost everything and has the fence of another at the very same index gets nothing more of us',
    async (t) => {
      await using folder = await temporaryFolder('same-index')
      await using consul = await startConsul({ datacenter: 'same-dc', version, dataDir: folder.path })
      const direct = Number(new URL(consul.url).port)
      await using cable = await Cable.to(() => direct)
      const behind = { datacenter: consul.datacenter, url: `http://127.0.0.1:${cable.port}` }
      for (let i = 0; i < 100; i += 1) await consul.request('PUT', `/v1/kv/something/${i}`, i)
      const builder = fleetOf('same', 3)
      await using mirror = await mirrorInto([behind], builder.fleet, { owner: 'same' })
      await proves(mirror.sinks, builder.fleet)
      const index = (await readKey(consul, 'heddle/same/fence'))?.ModifyIndex ?? 0
      cable.cut()
      await consul.kill()
      for (const name of await readdir(folder.path)) await rm(join(folder.path, name), { recursive: true })
      await consul.start()
      const other = { installation: 'two', epoch: 1, run: 'theirs' }
      // Whatever Consul counts by itself: another writer's fence gets our index, or the one after it.
      let count = 0
      const reached = await waitFor(
        async () => {
          count += 1
          // An equal value would not move the index.
          await consul.request('PUT', '/v1/kv/heddle/same/fence', { ...other, count })
          return (await readKey(consul, 'heddle/same/fence'))?.ModifyIndex ?? 0
        },
        { what: 'the index', withinMs: 20_000, everyMs: 0, until: (at) => at >= index },
      )
      if (reached > index) t.comment(`the index of the other fence is ${reached}, that of ours was ${index}`)
      cable.mend()
      const [sink] = mirror.sinks
      if (!sink) throw new Error('a sink')
      builder.judge('same-0', 'critical', 'refused')
      const { remarks } = await reaches(sink, 'blocked')
      t.match(remarks.join(), /the installation two writes under the same owner/)
      t.strictSame(
        await records(consul, ofOwner('same')),
        await records(consul, () => false),
        'nothing of ours is there',
      )
      t.equal((await readKey(consul, 'heddle/same/fence'))?.ModifyIndex, reached)
    },
  )
}
