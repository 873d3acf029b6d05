import t, { type Test } from 'tap'
import { ContactWorld, here } from '#test/support/agents/contact-world.ts'

t.setTimeout(180_000)

/** A site of 5,000 and a smaller one, all in contact. */
const open = (seed = 1) =>
  ContactWorld.open({ sites: { tencent: 5_000, alibaba: 20 }, seed, hold: { at_most: 15_000 }, grace: 16_000 })

/** What was decided, and how much had to be asked for it. */
function cost(world: ContactWorld, from: number) {
  const { 'contact-changed': contacts = 0, 'hold-begun': holds = 0, 'death-confirmed': deaths = 0 } = world.events(from)
  const asked = [...world.asked.values()].reduce((sum, count) => sum + count, 0)
  const mostOfOne = Math.max(0, ...[...world.asked].flatMap(([vantage, count]) => (vantage === here ? [] : [count])))
  return { contacts, holds, deaths, asked, mostOfOne, mostAsking: world.mostAsking }
}

function told(t: Test, what: string, found: ReturnType<typeof cost>): void {
  t.comment(
    `${what}: ${Object.entries(found)
      .map(([name, value]) => `${name} ${value}`)
      .join(', ')}`,
  )
}

const lose = (world: ContactWorld, count: number) => {
  for (const { id, site } of world.machines.slice(0, count)) if (site === 'tencent') world.kill(id)
}

t.test('one machine of 5,000: a handful of questions, and nothing else moves', async (t) => {
  const world = await open()
  const from = world.journal.entries.length
  lose(world, 1)
  await world.run(12_000)
  const found = cost(world, from)
  told(t, 'one of 5,000', found)
  t.strictSame(world.confirmed, ['tencent-0'])
  t.match(found, { contacts: 1, holds: 0, deaths: 1 })
  t.ok(found.asked <= 9, 'what one lost machine costs does not depend on how many there are')
})

t.test('a tenth of 5,000 is no sign of the network: each is judged alone, so many at once', async (t) => {
  const world = await open()
  const from = world.journal.entries.length
  lose(world, 500)
  await world.run(90_000)
  const found = cost(world, from)
  told(t, 'a tenth of 5,000', found)
  t.equal(world.confirmed.length, 500)
  t.match(found, { holds: 0, deaths: 500 })
  t.ok(found.mostAsking <= 202, `${found.mostAsking} at once`)
  t.ok(found.asked <= 500 * 20, `${found.asked / 500} questions a machine`)
  t.ok(found.mostOfOne <= 40, `one vantage was asked ${found.mostOfOne} times`)
})

for (const { name, count } of [
  { name: 'a fifth of 5,000', count: 1_000 },
  { name: 'a whole site of 5,000', count: 5_000 },
]) {
  t.test(`${name} is held; others keep their time; then what is unconfirmed falls`, async (t) => {
    const world = await open()
    const from = world.journal.entries.length
    lose(world, count)
    await world.run(14_000)
    t.equal(world.fleet.installation.holds.get('tencent')?.machines.length, count)
    t.strictSame(world.confirmed, [], 'silence proves nothing')
    world.kill('alibaba-7')
    await world.run(15_000)
    t.strictSame(world.confirmed, ['alibaba-7'], 'a site that is gone keeps no other waiting')
    await world.run(4_000)
    t.equal(world.fleet.installation.holds.size, 0, 'a hold is limited in time')
    const routables = Map.groupBy(world.machines, ({ instance }) => world.fleet.standing(instance)?.routable)
    t.equal(routables.get('last')?.length, count)
    t.equal(routables.get('no')?.length, 1)
    const found = cost(world, from)
    told(t, name, found)
    t.ok(found.holds <= 60, `${found.holds} events of one hold`)
    t.ok(found.mostAsking <= 202, `${found.mostAsking} at once`)
    t.ok(found.asked <= 102 * 34, 'questions are bounded in time, not by what is lost')
    t.ok(found.mostOfOne <= 40, `one vantage was asked ${found.mostOfOne} times`)
  })
}

for (const { name, count, held } of [
  { name: 'a twelfth', count: 400, held: 0 },
  { name: 'half', count: 2_500, held: 1 },
]) {
  t.test(`${name} of 5,000 that the plane cannot talk to any more loses nothing`, async (t) => {
    const world = await open()
    for (const { id, site } of world.machines.slice(0, count)) if (site === 'tencent') world.line(id, here, 'one-way')
    await world.run(14_000)
    t.equal(world.fleet.installation.holds.size, held)
    // A real death among them: its neighbours see that it is gone.
    world.kill('tencent-4000')
    await world.run(30_000)
    t.strictSame(world.confirmed, ['tencent-4000'], 'and those that fell keep it not waiting')
    const routed = world.machines.filter(({ instance }) => world.fleet.standing(instance)?.routable !== 'no')
    t.equal(routed.length, 5_020 - world.confirmed.length)
    t.ok(world.mostAsking <= 202, `${world.mostAsking} at once`)
  })
}
