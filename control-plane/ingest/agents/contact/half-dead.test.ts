import t from 'tap'
import { ContactWorld, here, type Line } from '#test/support/agents/contact-world.ts'

t.setTimeout(300_000)

/** Everything is alive, and the network is not. */
const minute = 60_000
const kinds: readonly Line[] = ['one-way', 'lossy', 'slow', 'cut']

const isRouted = (world: ContactWorld) => () => {
  for (const { instance } of world.machines) {
    if (world.fleet.standing(instance)?.routable === 'no')
      throw new Error(`${instance} was taken out at ${world.now} ms`)
  }
}

for (const size of [2, 3, 4, 7, 20, 100]) {
  for (const kind of kinds) {
    t.test(`a site of ${size} behind a line that is ${kind} loses nothing that lives`, async (t) => {
      const world = await ContactWorld.open({ sites: { tencent: size, alibaba: 3 }, seed: size })
      for (const { id, site } of world.machines) {
        if (site !== 'tencent') continue
        world.line(id, here, kind)
        for (const other of world.machines) if (other.site !== site) world.line(id, other.id, kind)
      }
      await world.run(2 * minute, isRouted(world))
      t.strictSame(world.confirmed, [])
    })
  }
}

for (const kind of ['slow', 'lossy'] as const) {
  t.test(`a machine alone at its site behind a line that is ${kind} is not taken for dead`, async (t) => {
    for (let seed = 1; seed <= 20; seed += 1) {
      const world = await ContactWorld.open({ sites: { shop: 1, tencent: 3 }, seed })
      for (const place of [here, 'tencent-0', 'tencent-1', 'tencent-2']) world.line('shop-0', place, kind)
      // Its session ends, too: a line this bad seldom keeps one.
      world.line('shop-0', here, seed % 2 === 0 ? kind : 'one-way')
      await world.run(2 * minute, isRouted(world))
      t.strictSame(world.confirmed, [], `seed ${seed}`)
    }
  })
}

t.test('whichever lines are half dead, who is seen by a vantage that is heard stays', async (t) => {
  for (let seed = 1; seed <= 40; seed += 1) {
    const world = await ContactWorld.open({
      sites: { tencent: 2 + (seed % 7), alibaba: 1 + (seed % 4), huawei: 1 },
      seed,
    })
    // Any lines to the plane, and any lines of half of the machines among each other; the other half has a good one to everybody.
    let state = seed
    const chance = (of: number) => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
      return (state >>> 16) % of
    }
    for (const [index, { id }] of world.machines.entries()) {
      if (chance(2) === 0) world.line(id, here, kinds[chance(4)] ?? 'cut')
      for (const other of world.machines.slice(index + 1)) {
        // Only what loses or delays, so that somebody always has a chance.
        if (chance(4) === 0) world.line(id, other.id, 'lossy')
      }
    }
    await world.run(minute, isRouted(world))
    t.strictSame(world.confirmed, [], `seed ${seed}`)
  }
})

t.test('a machine on a line that loses a third of all packets outlives many spells of silence', async (t) => {
  let suspicions = 0
  for (let seed = 1; seed <= 6; seed += 1) {
    const world = await ContactWorld.open({ sites: { tencent: 10 }, seed })
    for (const { id } of world.machines) {
      world.line(id, here, 'lossy')
      for (const other of world.machines) if (other.id !== id) world.line(id, other.id, 'lossy')
    }
    const from = world.journal.entries.length
    await world.run(30 * minute, isRouted(world))
    suspicions += world.events(from)['contact-changed'] ?? 0
    t.strictSame(world.confirmed, [])
  }
  t.ok(suspicions > 20, `there were only ${suspicions}`)
})

for (const sites of [{ tencent: 2 }, { tencent: 3 }, { tencent: 20 }, { tencent: 1, alibaba: 2 }, { tencent: 500 }]) {
  for (const what of ['machine', 'process'] as const) {
    t.test(`a dead ${what} of ${JSON.stringify(sites)} is confirmed within 15 s`, async (t) => {
      for (let seed = 1; seed <= (sites.tencent > 100 ? 2 : 8); seed += 1) {
        const world = await ContactWorld.open({ sites, seed })
        await world.run(seed * 700)
        world.kill('tencent-0', what)
        await world.run(15_000)
        t.strictSame(world.confirmed, ['tencent-0'], `seed ${seed}`)
      }
    })
  }
}

t.test('machines that die one after the other are all confirmed in time', async (t) => {
  const world = await ContactWorld.open({ sites: { tencent: 40 } })
  for (const id of ['tencent-3', 'tencent-4', 'tencent-9', 'tencent-20']) {
    world.kill(id)
    await world.run(15_000)
    t.ok(world.confirmed.includes(id))
  }
  t.equal(world.events()['hold-begun'], undefined)
})

t.test('at a site of two the second to die is judged from elsewhere when the first is known to be dead', async (t) => {
  const world = await ContactWorld.open({ sites: { tencent: 2, alibaba: 2 } })
  world.kill('tencent-0')
  await world.run(15_000)
  world.kill('tencent-1')
  await world.run(15_000)
  t.strictSame(world.confirmed, ['tencent-0', 'tencent-1'])
})

t.test('but not while the first may only be cut off', async (t) => {
  const world = await ContactWorld.open({ sites: { tencent: 2, alibaba: 2 } })
  const cut = (id: string) => {
    for (const place of [here, 'alibaba-0', 'alibaba-1']) world.line(id, place, 'cut')
  }
  cut('tencent-0')
  // Its neighbour still sees it.
  await world.run(30_000, isRouted(world))
  cut('tencent-1')
  await world.run(30_000, isRouted(world))
  t.strictSame(world.confirmed, [])
})

t.test('however many shops go silent together, all are held', async (t) => {
  const shops = Object.fromEntries(Array.from({ length: 120 }, (_, at) => [`shop-${at}`, 1]))
  const world = await ContactWorld.open({ sites: { ...shops, alibaba: 3 } })
  for (const { id, site } of world.machines) {
    if (site === 'alibaba') continue
    for (const other of world.machines) if (other.site !== site) world.line(id, other.id, 'cut')
    world.line(id, here, 'cut')
  }
  await world.run(minute, isRouted(world))
  t.equal(world.fleet.installation.holds.size, 120)
  t.strictSame(world.confirmed, [])
})

t.test(
  'holds of hundreds of shops end together, some at a time, and nobody is without protection meanwhile',
  async (t) => {
    const shops = Object.fromEntries(Array.from({ length: 300 }, (_, at) => [`shop-${at}`, 1]))
    const world = await ContactWorld.open({ sites: { ...shops, alibaba: 3 }, hold: { at_most: 30_000 }, grace: 20_000 })
    for (const { id, site } of world.machines) if (site !== 'alibaba') world.line(id, here, 'one-way')
    await world.run(20_000, isRouted(world))
    t.equal(world.fleet.installation.holds.size, 300)
    let most = 0
    let before = 300
    await world.run(30_000, () => {
      isRouted(world)()
      const { size } = world.fleet.installation.holds
      most = Math.max(most, before - size)
      before = size
    })
    t.equal(before, 0, 'all within seconds')
    t.ok(most <= 100, `${most} in one look`)
    const fallen = world.machines.filter(({ instance }) => world.fleet.standing(instance)?.routable === 'last')
    t.equal(fallen.length, 300)
  },
)

t.test(
  'shops that die one by one are held no longer than the first ones, and the last one away not at all',
  async (t) => {
    const shops = Object.fromEntries(Array.from({ length: 12 }, (_, at) => [`shop-${at}`, 1]))
    const world = await ContactWorld.open({ sites: { ...shops, alibaba: 3 }, hold: { at_most: 3 * minute } })
    for (const id of ['shop-0-0', 'shop-1-0']) world.kill(id)
    await world.run(2 * minute)
    t.equal(world.fleet.installation.holds.size, 2)
    world.kill('shop-2-0')
    await world.run(2.5 * minute)
    t.equal(world.fleet.installation.holds.size, 0, 'the third has joined, and ended with them')
    world.kill('shop-3-0')
    await world.run(15_000)
    t.strictSame(world.confirmed, ['shop-3-0'])
    for (const id of ['shop-4-0', 'shop-5-0', 'shop-6-0']) world.kill(id)
    await world.run(minute)
    t.equal(world.fleet.installation.holds.size, 3)
    for (const id of ['shop-4-0', 'shop-5-0']) world.revive(id)
    await world.run(20_000)
    t.equal(world.fleet.installation.holds.size, 0)
    t.strictSame(world.confirmed, ['shop-3-0', 'shop-6-0'], 'the last one away is judged alone')
  },
)

t.test('shops of one machine that go silent together are held, and judged alone when they come back', async (t) => {
  const shops = Object.fromEntries(Array.from({ length: 8 }, (_, at) => [`shop-${at}`, 1]))
  const world = await ContactWorld.open({ sites: { ...shops, alibaba: 3 } })
  for (const { id, site } of world.machines) {
    if (site === 'alibaba') continue
    for (const other of world.machines) if (other.site !== site) world.line(id, other.id, 'cut')
    world.line(id, here, 'cut')
  }
  await world.run(minute, isRouted(world))
  t.equal(world.fleet.installation.holds.size, 8)
  for (const { id } of world.machines) {
    world.line(id, here, 'ok')
    for (const other of world.machines) if (other.id !== id) world.line(id, other.id, 'ok')
  }
  await world.run(12_000, isRouted(world))
  t.equal(world.fleet.installation.holds.size, 0)
  world.kill('shop-3-0')
  await world.run(15_000)
  t.strictSame(world.confirmed, ['shop-3-0'])
})
