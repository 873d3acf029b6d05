import t from 'tap'
import { StatusView } from '#shared/protocol/status-api.ts'
import { splitText } from '#test/support/routing/split-fleet.ts'
import { statusView } from '#test/support/views.ts'
import { parseDeclaration } from '../routing/declaration/parse.ts'
import type { SplitSeen } from '../routing/splits/keep-splits.ts'
import { moved, readyState, type SplitPhase } from '../routing/splits/state.ts'
import { splitsUnderWay } from './split-views.ts'

const hour = 3_600_000
const now = 10 * hour

function seen(phase: SplitPhase, at: number): SplitSeen {
  const declared = parseDeclaration([{ file: 'r.yaml', text: splitText }]).declaration?.splits.get('crm')
  if (!declared) throw new Error('crm is not split')
  const ready = readyState(declared, undefined, at)
  const state =
    phase === 'ready' ? ready : moved(ready, { at, by: 'gate', phase, reason: 'too_many_errors', why: 'why' })
  return { declared, state, measured: { canary: undefined, baseline: undefined }, waitingFor: ['more requests'] }
}

for (const { phase, ago, told } of [
  { phase: 'ready', ago: 0, told: false },
  { phase: 'running', ago: 9 * hour, told: true },
  { phase: 'paused', ago: 9 * hour, told: true },
  { phase: 'kept', ago: 9 * hour, told: true },
  { phase: 'settled', ago: 0, told: false },
  { phase: 'aborted', ago: hour - 1, told: true },
  { phase: 'aborted', ago: hour, told: false },
] as const) {
  t.test(`a split that is ${phase} for ${ago} ms is ${told ? '' : 'not '}told in the status`, async (t) => {
    const splits = splitsUnderWay([seen(phase, now - ago)], now)
    t.equal(splits.length, told ? 1 : 0)
    t.strictSame(StatusView.parse(statusView({ splits: [...splits] })).splits, splits)
    if (told) t.match(splits, [{ phase, waiting_for: ['more requests'], last: { by: 'gate', why: 'why' } }])
  })
}
