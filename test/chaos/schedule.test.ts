import * as fc from 'fast-check'
import t from 'tap'
import { faultKinds } from './faults/kinds.ts'
import { randomOf, schedule, scheduleText } from './schedule.ts'
import { planWorld, unitsOf } from './world/plan.ts'

const plan = planWorld({ planes: 2, members: 4 })
const options = { plan, kinds: faultKinds, rounds: 6, faults: [1, 4] } as const

await t.test('the same seed gives the same faults, another one gives others', async (t) => {
  t.strictSame(schedule({ seed: 7, ...options }), schedule({ seed: 7, ...options }))
  t.notSame(schedule({ seed: 7, ...options }), schedule({ seed: 8, ...options }))
  const numbers = (index: number) => Array.from({ length: 3 }, randomOf(7, index))
  t.strictSame(numbers(3), numbers(3))
  t.notSame(numbers(3), numbers(4))
})

await t.test('each fault has a target of its kind, a length of its kind and the number of its place', async (t) => {
  fc.assert(
    fc.property(fc.nat(), (seed) => {
      const faults = schedule({ seed, ...options })
      for (const [place, { index, kind, target, begin, end }] of faults.entries()) {
        const found = faultKinds.find(({ name }) => name === kind)
        const [least, most] = found?.seconds ?? [0, 0]
        if (index !== place || !found?.targets(plan).includes(target)) return false
        if (begin < 0 || end - begin < least * 1000 - 1 || end - begin > most * 1000 + 1) return false
      }
      return faults.length >= options.rounds
    }),
  )
  t.pass()
})

await t.test('no two faults of a round hit the same unit at once', async (t) => {
  const hitsOf = (kind: string, target: string) =>
    faultKinds.find(({ name }) => name === kind)?.harms(target, plan).hits ?? []
  fc.assert(
    fc.property(fc.nat(), (seed) => {
      const faults = schedule({ seed, ...options })
      return faults.every((one) =>
        faults.every((other) => {
          if (other.index <= one.index || other.round !== one.round) return true
          const apart = one.end < other.begin || other.end < one.begin
          const hits = hitsOf(one.kind, one.target)
          return apart || !hitsOf(other.kind, other.target).some((unit) => hits.includes(unit))
        }),
      )
    }),
  )
  t.pass()
})

await t.test('a short run has the faults of a long one, each as short as it can be', async (t) => {
  const short = schedule({ seed: 3, ...options, rounds: 1, faults: [3, 3], short: true })
  t.equal(short.length, 3)
  for (const { kind, begin, end } of short) {
    t.equal(end - begin, 1000 * (faultKinds.find(({ name }) => name === kind)?.seconds[0] ?? 0))
  }
})

await t.test('every kind has targets, and harms units that there are', async (t) => {
  const units = unitsOf(plan)
  for (const { name, targets, harms } of faultKinds) {
    t.ok(targets(plan).length > 0, name)
    for (const target of targets(plan)) {
      const { hits, downs = [], doubts = [] } = harms(target, plan)
      t.ok(hits.length > 0, `${name} ${target}`)
      t.strictSame(
        [...hits, ...downs, ...doubts].filter((unit) => !units.includes(unit)),
        [],
        `${name} ${target}`,
      )
    }
  }
})

await t.test('a schedule is told in one line for each fault', async (t) => {
  const faults = schedule({ seed: 1, ...options })
  const lines = scheduleText(faults).split('\n')
  t.equal(lines.length, faults.length)
  t.match(lines[0], /^ +0 {2}\S+ \S+ +round 0 at \d+\.\d s for \d+\.\d s$/)
})
