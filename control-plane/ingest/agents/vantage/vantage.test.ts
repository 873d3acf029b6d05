import fc from 'fast-check'
import t from 'tap'
import { reason } from '#shared/protocol/reason.ts'
import { specOf } from '#test/support/agent-client.ts'
import type { Machine, Machines } from '../contact/machine.ts'
import { Sightings } from './sightings.ts'
import {
  type Answer,
  chooseAgents,
  type Finding,
  findingOf,
  type Home,
  judgeDeath,
  planeId,
  remoteCheck,
  type Vantage,
} from './vantage.ts'

const plane: Vantage = { id: planeId, machine: 'mp', site: 'alibaba' }
const near: Vantage = { id: 'n-near', machine: 'm2', site: 'tencent' }
const nearToo: Vantage = { id: 'n-near-too', machine: 'm2', site: 'tencent' }
const far: Vantage = { id: 'n-far', machine: 'm3', site: 'alibaba' }
const says = (vantage: Vantage, finding: Finding): Answer => ({ vantage, finding })
const home: Home = { machine: 'm1', site: 'tencent', shaky: false, demoted: false }

const machine = (id: string, site: string, over: Partial<Machine> = {}): Machine => ({
  id,
  site,
  lostAt: undefined,
  left: false,
  overdue: false,
  ...over,
})
const world = (...all: readonly Machine[]): Machines => new Map(all.map((each) => [each.id, each]))
const dead = machine('m1', 'tencent', { lostAt: 0 })
const together = world(dead, machine('m2', 'tencent'), machine('m3', 'alibaba'))
const alone = world(dead, machine('m3', 'alibaba'))

for (const { name, answers, waiting = 0, at = home, machines = together, how } of [
  { name: 'nobody can tell', answers: [], how: undefined },
  { name: 'refused at the plane is dead', answers: [says(plane, 'refused')], how: 'refused' },
  {
    name: 'refused at the plane is dead before others have answered',
    answers: [says(plane, 'refused')],
    waiting: 2,
    how: 'refused',
  },
  {
    name: 'one agent that is refused may stand behind a firewall',
    answers: [says(near, 'refused'), says(plane, 'passed')],
    how: undefined,
  },
  {
    name: 'two agents of one machine are one',
    answers: [says(near, 'refused'), says(nearToo, 'refused'), says(plane, 'other')],
    how: undefined,
  },
  {
    name: 'two machines that are refused confirm',
    answers: [says(near, 'refused'), says(far, 'refused')],
    how: 'refused',
  },
  { name: 'silence everywhere is dead', answers: [says(near, 'no-answer'), says(plane, 'no-answer')], how: 'timeout' },
  {
    name: 'silence is not judged before all have answered',
    answers: [says(plane, 'no-answer')],
    waiting: 1,
    how: undefined,
  },
  { name: 'who passes lives', answers: [says(near, 'passed'), says(plane, 'no-answer')], how: undefined },
  {
    name: 'who answers anything is not dead',
    answers: [says(near, 'other'), says(plane, 'no-answer')],
    how: undefined,
  },
  {
    name: 'a refusal is no answer of the instance',
    answers: [says(near, 'refused'), says(plane, 'no-answer')],
    how: 'timeout',
  },
  {
    name: 'silence proves nothing while the site is held or in doubt',
    answers: [says(plane, 'no-answer')],
    at: { ...home, shaky: true },
    how: undefined,
  },
  {
    name: 'silence proves nothing after a hold',
    answers: [says(plane, 'no-answer')],
    at: { ...home, demoted: true },
    how: undefined,
  },
  {
    name: 'a refusal counts while the site is held',
    answers: [says(plane, 'refused')],
    at: { ...home, shaky: true },
    how: 'refused',
  },
  {
    name: 'a neighbour that is not in contact vouches for nothing',
    answers: [says(plane, 'no-answer')],
    machines: world(dead, machine('m2', 'tencent', { lostAt: 0 })),
    how: undefined,
  },
  {
    name: 'a neighbour that missed a beat vouches for nothing',
    answers: [says(far, 'no-answer')],
    machines: world(dead, machine('m2', 'tencent', { overdue: true })),
    how: undefined,
  },
  {
    name: 'a machine alone at its site is judged by another site',
    answers: [says(far, 'no-answer'), says(plane, 'no-answer')],
    machines: alone,
    how: 'timeout',
  },
  {
    name: 'the plane alone cannot tell a dead machine from a dead link',
    answers: [says(plane, 'no-answer')],
    machines: alone,
    how: undefined,
  },
]) {
  t.test(name, async (t) => t.equal(judgeDeath(answers, waiting, at, machines)?.how, how))
}

t.test('one agent alone never confirms by a refusal', async (t) => {
  const finding = fc.constantFrom<Finding>('passed', 'refused', 'no-answer', 'other')
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(
        finding,
        fc.nat(3),
        (found, waiting) => judgeDeath([says(near, found)], waiting, home, together)?.how !== 'refused',
      ),
    ),
  )
})

for (const { health, code, finding } of [
  { health: 'passing', code: 'ok', finding: 'passed' },
  { health: 'warning', code: 'unknown_word', finding: 'passed' },
  { health: 'critical', code: 'refused', finding: 'refused' },
  { health: 'critical', code: 'timeout', finding: 'no-answer' },
  { health: 'critical', code: 'unreachable', finding: 'no-answer' },
  { health: 'critical', code: 'http_status', finding: 'other' },
  { health: 'critical', code: 'identity_mismatch', finding: 'other' },
  { health: 'unknown', code: 'no_verdict', finding: 'other' },
] as const) {
  t.test(`${health} with ${code} is found as ${finding}`, async (t) =>
    t.equal(findingOf({ health, reason: reason(code) }), finding),
  )
}

t.test('a check on loopback has no vantage', async (t) => {
  t.equal(remoteCheck(specOf({ id: 'a', address: '127.0.0.1' })), undefined)
  t.equal(remoteCheck(specOf({ id: 'a', checks: [] })), undefined)
  t.match(remoteCheck(specOf({ id: 'a', address: '10.0.0.9' })), { address: '10.0.0.9' })
})

t.test('vantages are on other machines, one a machine, of the own site first, and always the same', async (t) => {
  const vantage = fc.record({
    machine: fc.constantFrom('m1', 'm2', 'm3', 'm4', 'm5'),
    site: fc.constantFrom('tencent', 'alibaba'),
  })
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(fc.array(vantage, { maxLength: 20 }), fc.string(), fc.nat(4), (places, instance, most) => {
        const all = places.map((place, index) => ({ id: `n-${index}`, ...place }))
        const candidates = Map.groupBy(all, ({ site }) => site)
        const chosen = chooseAgents(instance, home, candidates, most)
        const machines = chosen.map((each) => each.machine)
        const own = new Set(
          all.filter(({ site, machine }) => site === home.site && machine !== home.machine).map((each) => each.machine),
        )
        return (
          chosen.length <= most &&
          !machines.includes(home.machine) &&
          new Set(machines).size === machines.length &&
          chosen.filter(({ site }) => site === home.site).length === Math.min(most, own.size) &&
          JSON.stringify(chosen) === JSON.stringify(chooseAgents(instance, home, candidates, most))
        )
      }),
    ),
  )
})

t.test('a sighting counts for its time, for what was seen, and until sight is lost', async (t) => {
  const sightings = new Sightings()
  sightings.saw('a', 'old', near, 0)
  sightings.saw('a', 'here', plane, 0)
  t.strictSame(sightings.of('a', 'here', 1_000, 1_000), [plane])
  t.strictSame(sightings.of('a', 'here', 1_001, 1_000), [])
  sightings.saw('a', 'here', plane, 5_000)
  sightings.lostSight('a', planeId)
  t.strictSame(sightings.of('a', 'here', 5_000, 1_000), [])
  sightings.saw('a', 'here', plane, 5_000)
  sightings.forget('a')
  t.strictSame(sightings.of('a', 'here', 5_000, 1_000), [])
})

t.test('sightings survive a restart, and grow old meanwhile', async (t) => {
  const before = new Sightings()
  before.saw('a', 'here', plane, 1_000)
  before.saw('b', 'here', plane, 0)
  const stored = before.stored(5_000, 1_000_000, 4_500)
  t.strictSame(stored, [{ instance: 'a', target: 'here', vantage: plane, at: 996_000 }])
  const after = new Sightings()
  after.restore(stored, 100, 1_003_000)
  t.strictSame(after.of('a', 'here', 100, 7_000), [plane])
  t.strictSame(after.of('a', 'here', 101, 7_000), [])
  after.saw('a', 'here', plane, 200)
  after.restore(stored, 200, 1_003_000)
  t.strictSame(after.of('a', 'here', 7_200, 7_000), [plane])
})
