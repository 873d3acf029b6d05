import t from 'tap'
import { plainEndpoint as at, plainRoute, plainTable } from '#test/support/routing/route-tables.ts'
import type { Condition } from '../table.ts'
import { takesAway } from './removals.ts'

const split = (permille: number, cohort?: readonly Condition[]) => [
  plainRoute('/', 's', {
    split: { ...{ name: 's', baseline: 's', canary: 's-next', by: { kind: 'address' } }, permille, cohort },
  }),
]
const cohort = [{ name: 'x-canary', present: true }] as const

for (const { name, before, after, urgent } of [
  { name: 'a split begins', before: split(0), after: split(0, cohort), urgent: false },
  { name: 'its share rises', before: split(0, cohort), after: split(10), urgent: false },
  { name: 'its share falls', before: split(500), after: split(10), urgent: false },
  { name: 'it is taken back', before: split(500), after: split(0), urgent: true },
  { name: 'it is taken back after its last step', before: split(1000), after: split(0), urgent: true },
  { name: 'its cohort is taken back', before: split(0, cohort), after: split(0), urgent: true },
  { name: 'it is declared no more', before: split(500), after: [plainRoute('/', 's')], urgent: true },
]) {
  t.test(`when ${name} the set is ${urgent ? '' : 'not '}urgent`, async (t) => {
    const services = { s: [at(1)], 's-next': [at(2)] }
    t.equal(takesAway(plainTable(80, before, services), plainTable(80, after, services)), urgent)
  })
}

const table = (services: Parameters<typeof plainTable>[2]) => plainTable(80, [], services)

for (const { name, before, after, urgent } of [
  { name: 'nothing changes', before: { s: [at(1)] }, after: { s: [at(1)] }, urgent: false },
  { name: 'one comes', before: { s: [at(1)] }, after: { s: [at(1), at(2)] }, urgent: false },
  { name: 'one goes', before: { s: [at(1), at(2)] }, after: { s: [at(2)] }, urgent: true },
  { name: 'the last one goes', before: { s: [at(1)] }, after: { s: [] }, urgent: true },
  { name: 'one moves to another port', before: { s: [at(1)] }, after: { s: [at(2)] }, urgent: true },
  {
    name: 'one becomes the last resort',
    before: { s: [at(1)] },
    after: { s: [at(1, { priority: 1 })] },
    urgent: false,
  },
  {
    name: 'another instance stands there',
    before: { s: [at(1)] },
    after: { s: [at(1, { instance: 'x' })] },
    urgent: false,
  },
  { name: 'a weight changes', before: { s: [at(1)] }, after: { s: [at(1, { weight: 1 })] }, urgent: false },
  {
    name: 'one goes from one service and comes to another',
    before: { s: [at(1)], r: [] },
    after: { s: [], r: [at(1)] },
    urgent: true,
  },
  { name: 'a service with instances goes', before: { s: [at(1)] }, after: {}, urgent: true },
  { name: 'a service without instances goes', before: { s: [] }, after: {}, urgent: false },
] as const) {
  t.test(`when ${name} the set is ${urgent ? '' : 'not '}urgent`, async (t) => {
    t.equal(takesAway(table(before), table(after)), urgent)
  })
}
