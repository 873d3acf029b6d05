import fc from 'fast-check'
import t from 'tap'
import { type Answer, type Home, type Judgement, judgeDeath, type Look, looksNeeded } from './death.ts'
import { type Finding, planeId, planeIdOf, type Vantage } from './vantage.ts'

const plane: Vantage = { id: planeId, machine: 'mp', site: 'alibaba' }
const near: Vantage = { id: 'n-near', machine: 'm2', site: 'tencent' }
const nearToo: Vantage = { id: 'n-near-too', machine: 'm2', site: 'tencent' }
const own: Vantage = { id: 'n-own', machine: 'm1', site: 'tencent' }
const far: Vantage = { id: 'n-far', machine: 'm3', site: 'alibaba' }
const says = (vantage: Vantage, finding: Finding): Answer => ({ vantage, finding })
const silent = (...vantages: readonly Vantage[]) => vantages.map((vantage) => says(vantage, 'no-answer'))

const home: Home = {
  machine: 'm1',
  site: 'tencent',
  suspect: true,
  demoted: false,
  vouched: true,
  alone: false,
  heard: true,
}
const alone: Home = { ...home, vouched: false, alone: true }
/** A second look after one in which all were silent. */
const second: Look = {
  answers: [],
  waiting: 0,
  early: false,
  shaky: undefined,
  silentBefore: 1,
  agentsAbsent: false,
  line: 'good',
}
const first: Look = { ...second, silentBefore: 0 }

const inWord = (judgement: Judgement) =>
  judgement.kind === 'dead' ? judgement.death.how : judgement.kind === 'alive' ? 'alive' : judgement.cause

for (const { name, look, at = home, is } of [
  { name: 'nobody can tell', look: second, is: 'unseen' },
  { name: 'refused at the plane is dead', look: { ...first, answers: [says(plane, 'refused')] }, is: 'refused' },
  {
    name: 'refused at the plane is dead before others have answered',
    look: { ...first, answers: [says(plane, 'refused')], waiting: 2 },
    is: 'refused',
  },
  {
    name: 'one agent that is refused may stand behind a firewall',
    look: { ...second, answers: [says(near, 'refused'), says(plane, 'other')] },
    is: 'unclear',
  },
  {
    name: 'two agents of one machine are one',
    look: { ...second, answers: [says(near, 'refused'), says(nearToo, 'refused'), says(plane, 'other')] },
    is: 'unclear',
  },
  {
    name: 'an agent of its own machine is no second machine',
    look: { ...second, answers: [says(near, 'refused'), says(own, 'refused'), says(plane, 'other')] },
    is: 'unclear',
  },
  {
    name: 'two machines that are refused confirm',
    look: { ...first, answers: [says(near, 'refused'), says(far, 'refused')] },
    is: 'refused',
  },
  {
    name: 'nobody who was seen to pass is dead for a refusal elsewhere',
    look: { ...second, answers: [says(plane, 'refused'), says(near, 'refused'), says(far, 'passed')] },
    is: 'alive',
  },
  {
    name: 'a refusal from before it was suspect is too old',
    look: { ...first, early: true, answers: [says(plane, 'refused'), says(near, 'refused')] },
    is: 'asking',
  },
  {
    name: 'a refusal confirms nothing while only one beat is missing',
    look: { ...first, answers: [says(plane, 'refused')] },
    at: { ...home, suspect: false },
    is: 'asking',
  },
  { name: 'silence everywhere, twice, is dead', look: { ...second, answers: silent(near, plane) }, is: 'timeout' },
  {
    name: 'silence is not judged before it is known whether the line is slow',
    look: { ...second, answers: silent(near, plane), line: 'unknown' },
    is: 'asking',
  },
  {
    name: 'silence over a slow line is none, however often it is looked',
    look: { ...second, silentBefore: 9, answers: silent(near, plane), line: 'slow' },
    is: 'unclear',
  },
  {
    name: 'a refusal over a slow line is one',
    look: { ...first, answers: [says(plane, 'refused')], line: 'slow' },
    is: 'refused',
  },
  { name: 'silence everywhere once is not enough', look: { ...first, answers: silent(near, plane) }, is: 'asking' },
  { name: 'a single vantage has to be silent three times', look: { ...second, answers: silent(plane) }, is: 'asking' },
  {
    name: 'and is believed then',
    look: { ...second, silentBefore: 2, answers: silent(plane) },
    is: 'timeout',
  },
  {
    name: 'but not where the plane hears of the neighbours by another plane only',
    look: { ...second, silentBefore: 9, answers: silent(plane) },
    at: { ...home, heard: false },
    is: 'not_vouched',
  },
  {
    name: 'an agent that found the same vouches for such a plane',
    look: { ...second, answers: silent(plane, near) },
    at: { ...home, heard: false },
    is: 'timeout',
  },
  {
    name: 'so does another plane',
    look: { ...second, answers: silent(plane, { ...plane, id: planeIdOf('b') }) },
    at: { ...home, heard: false },
    is: 'timeout',
  },
  {
    name: 'a refusal needs nobody who vouches',
    look: { ...first, answers: [says(plane, 'refused')] },
    at: { ...home, heard: false },
    is: 'refused',
  },
  {
    name: 'silence that began before it was suspect counts',
    look: { ...second, early: true, answers: silent(near, plane) },
    is: 'timeout',
  },
  {
    name: 'silence confirms nothing while only one beat is missing',
    look: { ...second, early: true, answers: silent(near, plane) },
    at: { ...home, suspect: false },
    is: 'asking',
  },
  {
    name: 'silence is not judged before all have answered',
    look: { ...second, answers: silent(plane), waiting: 1 },
    is: 'asking',
  },
  {
    name: 'a vantage that was not heard itself leaves it open',
    look: { ...second, answers: [...silent(plane, far), says(near, 'unanswered')] },
    is: 'unclear',
  },
  {
    name: 'the plane alone proves nothing while agents that saw it cannot be heard',
    look: { ...second, silentBefore: 9, agentsAbsent: true, answers: silent(plane) },
    is: 'unseen',
  },
  { name: 'who passes lives', look: { ...second, answers: [says(near, 'passed'), ...silent(plane)] }, is: 'alive' },
  {
    name: 'who answers anything is not dead',
    look: { ...second, answers: [says(near, 'other'), ...silent(plane)] },
    is: 'unclear',
  },
  {
    name: 'a refusal is no answer of the instance',
    look: { ...second, answers: [says(near, 'refused'), ...silent(plane)] },
    is: 'timeout',
  },
  {
    name: 'silence proves nothing while the site is held',
    look: { ...second, shaky: 'site_held', answers: silent(plane, near) },
    is: 'site_held',
  },
  {
    name: 'nor while others of the site may have been cut off, too',
    look: { ...second, shaky: 'in_doubt', answers: silent(plane, near) },
    is: 'in_doubt',
  },
  {
    name: 'silence proves nothing after a hold',
    look: { ...second, answers: silent(plane, near) },
    at: { ...home, demoted: true },
    is: 'after_hold',
  },
  {
    name: 'a refusal counts while the site is held',
    look: { ...first, shaky: 'site_held', answers: [says(plane, 'refused')] },
    is: 'refused',
  },
  {
    name: 'silence proves nothing where no neighbour vouches for the network',
    look: { ...second, answers: silent(plane, far) },
    at: { ...home, vouched: false },
    is: 'not_vouched',
  },
  {
    name: 'a machine alone at its site is judged by another site',
    look: { ...second, answers: silent(plane, far) },
    at: alone,
    is: 'timeout',
  },
  {
    name: 'the plane alone cannot tell a dead machine from a dead link',
    look: { ...second, silentBefore: 9, answers: silent(plane) },
    at: alone,
    is: 'not_vouched',
  },
] as const satisfies readonly { name: string; look: Look; at?: Home; is: string }[]) {
  t.test(name, async (t) => t.equal(inWord(judgeDeath(look, at)), is))
}

const anyVantage = fc.constantFrom(plane, near, nearToo, own, far)
const anyFinding = fc.constantFrom<Finding>('passed', 'refused', 'no-answer', 'other', 'unanswered')
const anyHome = fc.record({
  machine: fc.constant('m1'),
  site: fc.constant('tencent'),
  suspect: fc.boolean(),
  demoted: fc.boolean(),
  vouched: fc.boolean(),
  alone: fc.boolean(),
  heard: fc.boolean(),
})
const anyLook = fc.record({
  answers: fc.uniqueArray(fc.record({ vantage: anyVantage, finding: anyFinding }), {
    selector: ({ vantage }) => vantage.id,
  }),
  waiting: fc.nat(2),
  early: fc.boolean(),
  shaky: fc.constantFrom(undefined, 'site_held' as const, 'in_doubt' as const),
  silentBefore: fc.nat(3),
  agentsAbsent: fc.boolean(),
  line: fc.constantFrom('good' as const, 'unknown' as const, 'slow' as const),
})

t.test('whatever is answered, a death has its grounds', async (t) => {
  fc.assert(
    fc.property(anyLook, anyHome, (look, at) => {
      const judgement = judgeDeath(look, at)
      if (judgement.kind !== 'dead') return true
      const { answers, waiting, early, shaky, silentBefore } = look
      const found = (wanted: Finding) => answers.filter(({ finding }) => finding === wanted)
      if (!at.suspect || found('passed').length > 0) return false
      if (judgement.death.how === 'refused') {
        const machines = new Set(found('refused').map(({ vantage }) => vantage.machine))
        machines.delete(at.machine)
        return !early && (machines.size >= 2 || found('refused').some(({ vantage }) => vantage === plane))
      }
      const heard = found('other').length + found('unanswered').length === 0 && waiting === 0
      const planeAlone = answers.every(({ vantage }) => vantage === plane)
      if (planeAlone && !at.heard) return false
      const isVouched = at.vouched || (at.alone && answers.some(({ vantage }) => vantage === far))
      const isPossible = !look.agentsAbsent && look.line === 'good' && !shaky && !at.demoted
      return heard && isPossible && isVouched && silentBefore + 1 >= looksNeeded(answers)
    }),
    { numRuns: 3_000 },
  )
  t.pass()
})

t.test('one agent alone never confirms by a refusal', async (t) => {
  fc.assert(
    fc.property(anyFinding, fc.nat(3), anyHome, (finding, waiting, at) => {
      return inWord(judgeDeath({ ...second, waiting, answers: [says(near, finding)] }, at)) !== 'refused'
    }),
  )
  t.pass()
})
