import type { Test } from 'tap'
import type { ConsulServer } from '../consul.ts'
import { waitFor } from '../wait.ts'
import {
  deregister,
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

/** What is put right again, whoever or whatever bent it. */
export async function recoveringSuite(t: Test, version: Version): Promise<void> {
  await using consuls = await startTwoConsuls(version)
  const [zervigo, looma] = consuls

  await t.test('a second comparison and a restart write nothing into the catalogue', async (t) => {
    const builder = fleetOf('still', 30)
    const before: Record<string, string>[] = []
    {
      await using mirror = await mirrorInto(consuls, builder.fleet, { owner: 'still' })
      await proves(mirror.sinks, builder.fleet)
      for (const consul of consuls) before.push({ ...(await records(consul, ofOwner('still'))) })
      const figures = mirror.sinks.map((sink) => sink.status().figures.writes)
      const at = Date.now()
      for (const sink of mirror.sinks) {
        await waitFor(() => sink.status().proven?.at ?? 0, {
          what: 'compared again',
          withinMs: 20_000,
          until: (seen) => seen > at,
        })
      }
      t.strictSame(
        mirror.sinks.map((sink) => sink.status().figures.writes),
        figures,
      )
    }
    await using mirror = await mirrorInto(consuls, builder.fleet, { owner: 'still' })
    await proves(mirror.sinks, builder.fleet)
    for (const sink of mirror.sinks) t.equal(sink.status().figures.writes, 0)
    for (const [place, consul] of consuls.entries())
      t.strictSame(await records(consul, ofOwner('still')), before[place])
  })

  await t.test('what was wiped by hand is back within one cycle', async (t) => {
    const builder = fleetOf('wiped', 3)
    // The hint is as good as off: the timetable alone must do it.
    const settings = { compare_every: '1s', wake_gap: '60s' }
    await using mirror = await mirrorInto(consuls, builder.fleet, { owner: 'wiped', settings })
    await proves(mirror.sinks, builder.fleet)
    const before = await records(zervigo, ofOwner('wiped'))
    for (let i = 0; i < 3; i += 1) await deregister(zervigo, { Node: `heddle-wiped-n-wiped-${i}` })
    t.equal(Object.keys(await writtenAnew(zervigo, 'wiped', before)).length, 3)
    t.equal((await shown(looma, 'wiped')).length, 3)
  })

  await t.test('the watch tells of a wiped record long before the timetable', async (t) => {
    const builder = fleetOf('hinted')
    const settings = { compare_every: '60s', wake_gap: '100ms' }
    await using mirror = await mirrorInto([zervigo], builder.fleet, { owner: 'hinted', settings })
    await proves(mirror.sinks, builder.fleet)
    const before = await records(zervigo, ofOwner('hinted'))
    await deregister(zervigo, { Node: 'heddle-hinted-n-hinted-0' })
    t.equal(Object.keys(await writtenAnew(zervigo, 'hinted', before)).length, 1)
  })

  await t.test('a check changed by hand is put right on the same record', async (t) => {
    const builder = fleetOf('bent')
    await using mirror = await mirrorInto([zervigo], builder.fleet, { owner: 'bent' })
    await proves(mirror.sinks, builder.fleet)
    const [row] = await healthOf(zervigo, 'bent')
    const check = row?.Checks.find(({ CheckID }) => CheckID === 'heddle:bent-0')
    await zervigo.request('PUT', '/v1/catalog/register', {
      Node: row?.Node.Node,
      SkipNodeUpdate: true,
      Check: { ...check, Status: 'critical' },
    })
    await waitFor(() => shown(zervigo, 'bent'), {
      what: 'right',
      withinMs: 20_000,
      until: ([first]) => first === 'bent-0: passing ok',
    })
    t.pass()
  })

  await t.test('while one Consul is down the other is not delayed, and afterwards it catches up', async (t) => {
    const builder = fleetOf('outage', 3)
    await using mirror = await mirrorInto(consuls, builder.fleet, { owner: 'outage' })
    const [first, second] = mirror.sinks
    if (!first || !second) throw new Error('two sinks')
    await proves(mirror.sinks, builder.fleet)
    await looma.stop()
    builder.judge('outage-0', 'critical', 'refused')
    builder.deregister('outage-1')
    const startedAt = performance.now()
    await proves([first], builder.fleet)
    t.ok(performance.now() - startedAt < 1_000, 'the other follows at once')
    t.strictSame(await shown(zervigo, 'outage'), ['outage-0: critical refused', 'outage-2: passing ok'])
    await reaches(second, 'behind')
    t.match(second.status().remarks.join(), /did not answer/)
    await looma.start()
    await proves([second], builder.fleet, 20_000)
    t.strictSame(await shown(looma, 'outage'), ['outage-0: critical refused', 'outage-2: passing ok'])
  })

  await t.test('a Consul that hangs delays only itself', async (t) => {
    const builder = fleetOf('hung', 2)
    await using mirror = await mirrorInto(consuls, builder.fleet, { owner: 'hung' })
    const [first, second] = mirror.sinks
    if (!first || !second) throw new Error('two sinks')
    await proves(mirror.sinks, builder.fleet)
    looma.signal('SIGSTOP')
    try {
      builder.judge('hung-0', 'critical', 'timeout')
      await proves([first], builder.fleet)
      await reaches(second, 'behind')
    } finally {
      looma.signal('SIGCONT')
    }
    await proves([second], builder.fleet, 20_000)
    t.match(await shown(looma, 'hung'), ['hung-0: critical timeout', 'hung-1: passing ok'])
  })
}

/** Waits until every record is there again with other indices than before: the mirror may be too quick to be seen without them. */
async function writtenAnew(
  consul: ConsulServer,
  owner: string,
  before: Readonly<Record<string, string>>,
): Promise<Readonly<Record<string, string>>> {
  const old = new Map(Object.entries(before))
  return waitFor(() => records(consul, ofOwner(owner)), {
    what: 'all back',
    withinMs: 20_000,
    until: (now) => {
      const entries = Object.entries(now)
      return entries.length === old.size && entries.every(([key, text]) => text !== old.get(key))
    },
  })
}
