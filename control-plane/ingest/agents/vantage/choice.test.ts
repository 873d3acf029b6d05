import fc from 'fast-check'
import t from 'tap'
import { candidatesOf, chooseAgents, chooseWitnesses } from './choice.ts'
import { planeId, type Vantage } from './vantage.ts'

const home = { machine: 'm1', site: 'tencent' }

t.test('vantages are on other machines, one a machine, of the own site first, and always the same', async (t) => {
  const place = fc.record({
    machine: fc.constantFrom('m1', 'm2', 'm3', 'm4', 'm5'),
    site: fc.constantFrom('tencent', 'alibaba', 'huawei'),
  })
  fc.assert(
    fc.property(fc.array(place, { maxLength: 20 }), fc.string(), fc.nat(4), (places, instance, most) => {
      const all = places.map((each, index) => ({ id: `n-${index}`, ...each }))
      const chosen = chooseAgents(instance, home, candidatesOf(all), most)
      const machines = chosen.map((each) => each.machine)
      const others = (site?: string) =>
        new Set(
          all.filter((each) => each.machine !== 'm1' && each.site === (site ?? each.site)).map((each) => each.machine),
        )
      return (
        chosen.length === Math.min(most, others().size) &&
        !machines.includes(home.machine) &&
        new Set(machines).size === machines.length &&
        chosen.filter(({ site }) => site === home.site).length >= Math.min(most, others(home.site).size) &&
        JSON.stringify(chosen) === JSON.stringify(chooseAgents(instance, home, candidatesOf(all.toReversed()), most))
      )
    }),
    { numRuns: 1_000 },
  )
  t.pass()
})

/** Every machine has one instance, and each instance its vantages: how often each machine is asked. */
function asked(
  vantages: readonly Vantage[],
  most: number,
): { readonly most: number; readonly sum: number; readonly idle: number } {
  const candidates = candidatesOf(vantages)
  const counts = new Map<string, number>(vantages.map(({ machine }) => [machine, 0]))
  for (const { id, machine, site } of vantages) {
    for (const chosen of chooseAgents(`crm-${id}`, { machine, site }, candidates, most)) {
      counts.set(chosen.machine, (counts.get(chosen.machine) ?? 0) + 1)
    }
  }
  const all = [...counts.values()]
  return {
    most: Math.max(...all),
    sum: all.reduce((a, b) => a + b, 0),
    idle: all.filter((count) => count === 0).length,
  }
}

const fleetOf = (count: number, siteOf: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => ({
    id: `n-${index.toString(36).padStart(4, '0')}`,
    machine: `m-${index}`,
    site: siteOf(index),
  }))

for (const count of [2, 3, 10, 100, 1_000, 5_000]) {
  t.test(`at a site of ${count} nobody is asked by many, and hardly anybody by none`, async (t) => {
    const { most, sum, idle } = asked(
      fleetOf(count, () => 'tencent'),
      2,
    )
    t.equal(sum, count * Math.min(2, count - 1), 'each instance has its vantages, however large the site')
    t.ok(most <= 14, `one was asked by ${most}`)
    t.ok(idle <= count / 4, `${idle} were asked by none`)
  })
  t.test(`so it is over ${count} sites of one machine`, async (t) => {
    const { most, sum } = asked(
      fleetOf(count, (index) => `shop-${index}`),
      2,
    )
    t.equal(sum, count * Math.min(2, count - 1))
    t.ok(most <= 14, `one was asked by ${most}`)
  })
}

t.test('who is alone at a site is looked at from different sites, where there are some', async (t) => {
  const others = [
    ...fleetOf(50, () => 'alibaba'),
    ...fleetOf(2, () => 'huawei').map((each) => ({ ...each, id: `h-${each.id}`, machine: `h-${each.machine}` })),
  ]
  for (let at = 0; at < 50; at += 1) {
    const sites = chooseAgents(`crm-${at}`, home, candidatesOf(others), 2).map(({ site }) => site)
    t.strictSame(sites.toSorted(), ['alibaba', 'huawei'])
  }
})

t.test('of those that saw it the plane is asked, and so many others, one a machine', async (t) => {
  const plane = { id: planeId, machine: 'm-3', site: '' }
  const [a, b, c, d] = fleetOf(4, () => 'tencent') as [Vantage, Vantage, Vantage, Vantage]
  t.strictSame(chooseWitnesses([a, b, c, d, plane], 2), [plane, a, b])
  t.strictSame(chooseWitnesses([a, { ...b, machine: a.machine }, c], 2), [a, c])
  t.strictSame(chooseWitnesses([a, b], 0), [])
})
