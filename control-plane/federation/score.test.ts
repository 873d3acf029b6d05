import fc from 'fast-check'
import t from 'tap'
import { ClusterTally, type InstanceFacts, loadOf, worthOf } from './score.ts'

const well: InstanceFacts = {
  service: 'crm',
  isAi: false,
  takenOut: false,
  routable: 'yes',
  warning: false,
  inContact: true,
  weight: 100,
  measuredLoad: 0.2,
  ownLoad: undefined,
  errors: undefined,
}
function tallyOf(instances: readonly InstanceFacts[]): ClusterTally {
  const tally = new ClusterTally()
  for (const each of instances) tally.add(each)
  return tally
}

const scoresOf = (instances: readonly InstanceFacts[]) => tallyOf(instances).scores()
const inputsOf = (instances: readonly InstanceFacts[]) => tallyOf(instances).inputs()
const ai = { ...well, service: 'ai-service', isAi: true }

for (const { name, facts, worth } of [
  { name: 'routable and passing', facts: {}, worth: 1 },
  { name: 'not routable', facts: { routable: 'no' }, worth: 0 },
  { name: 'with a warning', facts: { warning: true }, worth: 0.5 },
  { name: 'out of contact', facts: { inContact: false }, worth: 0.5 },
  { name: 'with a warning and out of contact', facts: { warning: true, inContact: false }, worth: 0.5 },
  { name: 'a last resort', facts: { routable: 'last', inContact: false }, worth: 0.25 },
  { name: 'saying that a tenth of its requests failed', facts: { errors: 0.1 }, worth: 0.9 },
  { name: 'saying that more failed than came', facts: { errors: 3 }, worth: 0 },
  { name: 'saying that less than nothing failed', facts: { errors: -3 }, worth: 1 },
] as const) {
  t.test(`an instance that is ${name} is worth ${worth}`, async (t) => {
    t.equal(worthOf({ ...well, ...facts }), worth)
  })
}

for (const { name, facts, load } of [
  { name: 'is as loaded as its node', facts: { measuredLoad: 0.3 }, load: 0.3 },
  { name: 'that nobody measured is fully loaded', facts: { measuredLoad: undefined }, load: 1 },
  { name: 'that nobody measured cannot talk itself free', facts: { measuredLoad: undefined, ownLoad: 0 }, load: 1 },
  { name: 'is believed that it is busier', facts: { measuredLoad: 0.3, ownLoad: 0.9 }, load: 0.9 },
  { name: 'is not believed that it is less busy', facts: { measuredLoad: 0.3, ownLoad: 0.1 }, load: 0.3 },
  { name: 'is never more than fully loaded', facts: { measuredLoad: 0.3, ownLoad: 7 }, load: 1 },
] as const) {
  t.test(`an instance ${name}`, async (t) => {
    t.equal(loadOf({ ...well, ...facts }), load)
  })
}

for (const { name, instances, scores } of [
  { name: 'without instances has nothing to offer', instances: [], scores: { health: 0, ai_capacity: 0, load: 1 } },
  { name: 'that is well is at 100', instances: [well, ai], scores: { health: 100, ai_capacity: 0.8, load: 0.2 } },
  {
    name: 'counts each service once, however many instances it has',
    instances: [...Array(9).fill(well), { ...ai, routable: 'no' }],
    scores: { health: 50, ai_capacity: 0, load: 0.2 },
  },
  {
    name: 'does not suffer from what an operator took out',
    instances: [well, { ...ai, takenOut: true, routable: 'no' }],
    scores: { health: 100, ai_capacity: 0, load: 0.2 },
  },
  {
    name: 'of which an operator took out everything has nothing to offer',
    instances: [{ ...well, takenOut: true, routable: 'no' }],
    scores: { health: 0, ai_capacity: 0, load: 1 },
  },
  {
    name: 'has as much AI capacity as its AI instances have free',
    instances: [ai, { ...ai, weight: 50 }, { ...ai, warning: true }, { ...ai, routable: 'no' }],
    scores: { ai_capacity: 1.6 },
  },
  { name: 'gains nothing by declared weight', instances: [{ ...ai, weight: 1000 }], scores: { ai_capacity: 0.8 } },
  {
    name: 'has no AI capacity that nobody measured',
    instances: [{ ...ai, measuredLoad: undefined }],
    scores: { ai_capacity: 0, load: 1 },
  },
] as const) {
  t.test(`a cluster ${name}`, async (t) => {
    t.match(scoresOf(instances), scores)
  })
}

t.test('what the figures were made from is told', async (t) => {
  t.strictSame(
    inputsOf([
      well,
      { ...ai, ownLoad: 0.9 },
      { ...ai, warning: true, inContact: false, measuredLoad: undefined },
      { ...well, routable: 'last' },
      { ...well, routable: 'no' },
      { ...well, takenOut: true, routable: 'no' },
    ]),
    {
      services: 2,
      instances: 6,
      taken_out: 1,
      routable: 4,
      warning: 1,
      out_of_contact: 1,
      last: 1,
      measured: 3,
      own_word: 1,
      ai_instances: 2,
      ai_routable: 2,
    },
  )
})

const share = fc.double({ min: 0, max: 1, noNaN: true })
const facts: fc.Arbitrary<InstanceFacts> = fc.record({
  service: fc.constantFrom('crm', 'ai-service'),
  isAi: fc.boolean(),
  takenOut: fc.boolean(),
  routable: fc.constantFrom('yes', 'last', 'no'),
  warning: fc.boolean(),
  inContact: fc.boolean(),
  weight: fc.integer({ min: 0, max: 1000 }),
  measuredLoad: fc.option(share, { nil: undefined }),
  ownLoad: fc.option(fc.double({ min: -1, max: 9, noNaN: true }), { nil: undefined }),
  errors: fc.option(fc.double({ min: -1, max: 9, noNaN: true }), { nil: undefined }),
})

t.test('whatever instances say of themselves, it never makes their cluster look better', async (t) => {
  fc.assert(
    fc.property(fc.array(facts, { maxLength: 8 }), (instances) => {
      const silent = instances.map((each) => ({ ...each, ownLoad: undefined, errors: undefined }))
      const [said, unsaid] = [scoresOf(instances), scoresOf(silent)]
      return said.health <= unsaid.health && said.ai_capacity <= unsaid.ai_capacity && said.load >= unsaid.load
    }),
  )
  t.pass()
})

t.test('what is not known never looks better than the worst that it could be', async (t) => {
  fc.assert(
    fc.property(fc.array(facts, { maxLength: 8 }), (instances) => {
      const worst = scoresOf(instances.map((each) => ({ ...each, measuredLoad: each.measuredLoad ?? 1 })))
      const { ai_capacity, load } = scoresOf(instances)
      return ai_capacity <= worst.ai_capacity && load >= worst.load
    }),
  )
  t.pass()
})

t.test('every figure stays within its bounds', async (t) => {
  fc.assert(
    fc.property(fc.array(facts, { maxLength: 8 }), (instances) => {
      const { health, ai_capacity, load } = scoresOf(instances)
      return (
        health >= 0 && health <= 100 && ai_capacity >= 0 && ai_capacity <= instances.length && load >= 0 && load <= 1
      )
    }),
  )
  t.pass()
})
