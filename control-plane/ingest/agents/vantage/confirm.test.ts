import t from 'tap'
import { ContactWorld, type WorldOptions } from '#test/support/agents/contact-world.ts'
import { planeIdOf } from './vantage.ts'

const dead = 'tencent-0'
const node = `n-${dead}`
const instance = `crm-${dead}`

/** Another plane has seen the instance that is to die. */
async function open(options: Omit<WorldOptions, 'sites'>, machineOfPlane: string): Promise<ContactWorld> {
  const world = await ContactWorld.open({ sites: { tencent: 4 }, ...options })
  const [check] = world.fleet.instances.get(instance)?.spec.checks ?? []
  const vantage = { id: planeIdOf('b'), machine: machineOfPlane, site: '' }
  world.sightings.saw(instance, JSON.stringify(check), vantage, world.now)
  return world
}

t.test('a plane that lives is asked, and what it sees counts', async (t) => {
  const world = await open({ livesPlane: (run) => run === 'b' }, 'elsewhere')
  for (const { id } of world.machines) if (id !== dead) world.line(id, dead, 'cut')
  world.line(dead, 'plane', 'cut')
  await world.run(30_000)
  t.strictSame(world.confirmed, [])
  t.ok(world.asked.get(planeIdOf('b')))
})

for (const checkMs of [100, 250, 2_000]) {
  t.test(
    `a machine on a slow line is not taken for dead by checks of ${checkMs} ms, though its neighbours see each other well`,
    async (t) => {
      const world = await ContactWorld.open({ sites: { tencent: 3, alibaba: 1 }, checkMs })
      for (const { id } of world.machines) if (id !== dead) world.line(id, dead, 'slow')
      // Its agent cannot keep a session.
      world.line(dead, 'plane', 'one-way')
      await world.run(60_000)
      t.not(world.fleet.nodes.get(node)?.contact, 'connected')
      t.strictSame(world.confirmed, [])
      t.equal(world.fleet.standing(instance)?.routable, 'yes')
      world.kill(dead)
      await world.run(40_000)
      t.strictSame(world.confirmed, [dead])
    },
  )
}

t.test('the line of a witness who joins in a later look is tried, too', async (t) => {
  const world = await ContactWorld.open({ sites: { tencent: 4 } })
  const [check] = world.fleet.instances.get(instance)?.spec.checks ?? []
  const target = JSON.stringify(check)
  const joins = 'tencent-3'
  world.sightings.lostSight(instance, `n-${joins}`, world.now)
  for (const { id } of world.machines) if (id !== dead) world.line(id, dead, id === joins ? 'slow' : 'cut')
  world.line(dead, 'plane', 'cut')
  const isAsked = () => (world.asked.get(`n-tencent-1`) ?? 0) > 0
  while (!isAsked() && world.now < 60_000) await world.run(250)
  world.sightings.saw(instance, target, { id: `n-${joins}`, machine: joins, site: 'tencent' }, world.now)
  await world.run(60_000)
  t.ok(world.asked.get(`n-${joins}`), 'it was asked')
  t.strictSame(world.confirmed, [])
})

t.test('a plane that is gone keeps no death open', async (t) => {
  for (const livesPlane of [undefined, (run: string) => run === 'another']) {
    const world = await open(livesPlane ? { livesPlane } : {}, 'elsewhere')
    world.kill('elsewhere')
    world.kill(dead)
    await world.run(15_000)
    t.strictSame(world.confirmed, [dead])
    t.notOk(world.asked.get(planeIdOf('b')))
  }
})

t.test('a plane that died a moment ago costs some seconds', async (t) => {
  let lives = true
  const world = await open({ livesPlane: () => lives }, 'elsewhere')
  world.kill('elsewhere')
  world.kill(dead)
  await world.run(7_000)
  t.ok(world.asked.get(planeIdOf('b')))
  lives = false
  await world.run(18_000)
  t.strictSame(world.confirmed, [dead])
})

t.test('nor does a plane beside it, whose death is not known yet', async (t) => {
  const world = await open({ livesPlane: () => true }, dead)
  world.kill(dead)
  await world.run(15_000)
  t.strictSame(world.confirmed, [dead])
})

t.test('a removal that was not written down stands for as long as its node is away, whoever leads', async (t) => {
  let leads = true
  const world = await ContactWorld.open({ sites: { tencent: 4 }, leads: () => leads })
  const routable = () => world.fleet.standing(instance)?.routable
  world.kill(dead)
  while (world.fleet.nodes.get(node)?.contact === 'connected' && world.now < 60_000) await world.run(250)
  world.journal.writable = false
  await world.run(15_000)
  t.strictSame([routable(), world.confirmed], ['no', []])
  leads = false
  world.journal.writable = true
  await world.run(5_000)
  t.equal(routable(), 'no', 'it is still away')
  world.revive(dead)
  await world.run(10_000)
  t.equal(world.fleet.nodes.get(node)?.contact, 'connected')
  t.equal(routable(), 'yes')
  t.strictSame(world.confirmed, [])
})
