import fc from 'fast-check'
import t from 'tap'
import type { SplitDeclaration } from '../declaration/declaration.ts'
import { judgeSplit, type Known, redeclared } from './judge-split.ts'
import { ordered, type SplitAction } from './order.ts'
import { isUnderWay, positionOf, readyState, type SplitState } from './state.ts'

const declared: SplitDeclaration = {
  ...{ name: 'crm', baseline: 'crm', canary: 'crm-next', chosen: undefined, cohort: [{ name: 'x-canary', is: 'yes' }] },
  ...{ by: { kind: 'address' }, steps: [0, 100, 1000], holdMs: 60_000, keepMs: 600_000 },
  gate: { requests: 100, windowMs: 300_000, errorPoints: 1, slowerPercent: undefined },
  ...{ version: 'v', source: 'routes.yaml:3' },
}
const well = { requests: 200, errors: 0, p95Ms: 5 }
const known: Known = { measured: { canary: well, baseline: well }, callable: { canary: 1, baseline: 1 } }
const failing: Known = { ...known, measured: { canary: { ...well, errors: 100 }, baseline: well } }
const silent: Known = { ...known, measured: { canary: { ...well, requests: 0 }, baseline: well } }

function order(state: SplitState, action: SplitAction, now: number, seen = known): SplitState {
  const result = ordered(declared, state, { action, by: 'anna', why: '' }, seen, now)
  if ('refused' in result) throw new Error(result.refused)
  return result.state
}

const started = order(readyState(declared, undefined, 0), 'start', 1_000)

t.test('a step lasts as long as it must, and passes the gate', async (t) => {
  t.match(judgeSplit(declared, started, known, 2_000), { state: started, waitingFor: ['the step lasts 59 s more'] })
  const { state } = judgeSplit(declared, started, known, 61_000)
  t.match(state, { phase: 'running', step: 1, since: 61_000, serial: started.serial + 1 })
  t.match(state.transitions.at(-1), { by: 'gate', reason: 'gate_passed', at: 61_000, measured: known.measured })
  t.match(positionOf(state), { permille: 100, cohort: true }, 'the cohort stays on the canary')
})

t.test('no time at all promotes a canary that nobody asks', async (t) => {
  for (const seen of [silent, { ...known, measured: { canary: undefined, baseline: undefined } }]) {
    const { state, waitingFor } = judgeSplit(declared, started, seen, 1e12)
    t.equal(state, started)
    t.equal(waitingFor.length, 1)
  }
})

t.test('after the last step the baseline is kept for a while, and the gate looks on', async (t) => {
  let state = started
  for (const now of [100_000, 200_000, 300_000]) state = judgeSplit(declared, state, known, now).state
  t.match(state, { phase: 'kept', step: 2 })
  t.equal(positionOf(state)?.permille, 1000)
  t.equal(judgeSplit(declared, state, known, 400_000).state, state)
  t.match(judgeSplit(declared, state, failing, 400_000).state, { phase: 'aborted' })
  const settled = judgeSplit(declared, state, silent, 900_000).state
  t.match(settled, { phase: 'settled' })
  t.equal(judgeSplit(declared, settled, failing, 1e12).state, settled, 'nobody looks any more')
  t.match(order(settled, 'abort', 1e12), { phase: 'aborted' }, 'but somebody may still want it back')
})

t.test('without a time to keep it the last step settles it', async (t) => {
  const last = { ...started, step: 2 }
  t.match(judgeSplit({ ...declared, keepMs: 0 }, last, known, 1e6).state, { phase: 'settled' })
})

t.test('a pause keeps it where it is, but not from being taken back', async (t) => {
  const paused = order(started, 'pause', 5_000)
  t.equal(paused.since, started.since, 'the step goes on')
  t.equal(judgeSplit(declared, paused, known, 1e9).state, paused)
  t.match(judgeSplit(declared, paused, failing, 6_000).state, { phase: 'aborted', step: 0 })
  t.match(judgeSplit(declared, order(paused, 'resume', 7_000), known, 61_000).state, { phase: 'running', step: 1 })
})

t.test('who cannot be called is not called', async (t) => {
  const gone: Known = { ...known, callable: { canary: 0, baseline: 1 } }
  const state = judgeSplit(declared, started, gone, 2_000).state
  t.match(state, { phase: 'aborted' })
  t.match(state.transitions.at(-1), { by: 'gate', reason: 'canary_gone' })
  const alone: Known = { ...failing, callable: { canary: 1, baseline: 0 } }
  const stuck = judgeSplit(declared, started, alone, 2_000).state
  t.match(stuck, { phase: 'paused' }, 'a canary that fails sometimes is better than nobody')
  t.equal(judgeSplit(declared, stuck, alone, 3_000).state, stuck)
  t.match(judgeSplit(declared, stuck, failing, 3_000).state, { phase: 'aborted' }, 'until the baseline is back')
  const ready = readyState(declared, undefined, 0)
  const asked = { by: 'anna', why: '' }
  t.match(ordered(declared, ready, { ...asked, action: 'start' }, gone, 1), { refused: /no instance/ })
  t.match(ordered(declared, started, { ...asked, action: 'promote' }, gone, 1), { refused: /no instance/ })
  t.match(ordered(declared, started, { ...asked, action: 'abort' }, alone, 1), { refused: /no instance/ })
})

for (const { phase, can } of [
  { phase: 'ready', can: ['start'] },
  { phase: 'running', can: ['pause', 'resume', 'promote', 'abort'] },
  { phase: 'paused', can: ['pause', 'resume', 'promote', 'abort'] },
  { phase: 'kept', can: ['abort'] },
  { phase: 'settled', can: ['abort'] },
  { phase: 'aborted', can: ['start', 'abort'] },
] as const) {
  t.test(`what may be asked of a split that is ${phase}`, async (t) => {
    const actions = ['start', 'pause', 'resume', 'promote', 'abort'] as const
    const state = { ...started, phase }
    const may = actions.filter(
      (action) => !('refused' in ordered(declared, state, { action, by: 'anna', why: '' }, known, 5)),
    )
    t.strictSame(may, can)
  })
}

t.test('what is so already is no change', async (t) => {
  const aborted = order(started, 'abort', 5)
  t.equal(order(aborted, 'abort', 6), aborted)
  t.equal(order(started, 'resume', 6), started)
})

t.test('another declaration ends what is under way, and begins with nothing', async (t) => {
  const ended = redeclared(started, 9)
  t.match(ended.transitions.at(-1), { by: 'declaration', reason: 'redeclared', phase: 'aborted' })
  const next = readyState({ ...declared, version: 'w' }, ended, 9)
  t.match(next, { phase: 'ready', version: 'w', transitions: { length: 2 } })
  t.ok(next.serial > ended.serial)
  t.equal(redeclared(next, 10), next)
})

t.test(
  'whatever happens, users only move forward by an order or a passed gate, and every change is told',
  async (t) => {
    const event = fc.oneof(
      fc.constantFrom(...(['start', 'pause', 'resume', 'promote', 'abort'] as const)),
      fc.constantFrom(known, failing, silent),
    )
    const property = fc.property(fc.array(event, { maxLength: 40 }), (events) => {
      let state = readyState(declared, undefined, 0)
      for (const [index, each] of events.entries()) {
        const now = (index + 1) * 30_000
        const before = state
        if (typeof each === 'string') {
          const result = ordered(declared, state, { action: each, by: 'anna', why: '' }, known, now)
          if (!('refused' in result)) state = result.state
        } else state = judgeSplit(declared, state, each, now).state
        const last = state.transitions.at(-1)
        const users = (of: SplitState) => positionOf(of)?.permille ?? -1
        if (state !== before && state.serial !== before.serial + 1) return false
        if (state !== before && last?.at !== now) return false
        if (users(state) > users(before) && last?.by !== 'anna' && last?.reason !== 'gate_passed') return false
        if (users(state) < users(before) && isUnderWay(state)) return false
        if (each === silent && users(state) !== users(before)) return false
      }
      return true
    })
    t.doesNotThrow(() => fc.assert(property))
  },
)
