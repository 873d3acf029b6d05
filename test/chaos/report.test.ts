import t from 'tap'
import type { Entry } from './history.ts'
import { failureText, suspectsOf } from './report.ts'

const history: readonly Entry[] = [
  { at: 0, kind: 'began', seed: 7, planes: [], control: [], routed: [], members: [] },
  { at: 1_000, kind: 'fault-began', index: 0, fault: 'kill', target: 'database', hits: ['database'] },
  { at: 2_000, kind: 'fault-healed', index: 0 },
  { at: 9_000, kind: 'fault-began', index: 1, fault: 'pause', target: 'plane-1', hits: ['plane-1'] },
]
const faults = [
  { index: 0, round: 0, kind: 'kill', target: 'database', begin: 1_000, end: 2_000 },
  { index: 1, round: 1, kind: 'pause', target: 'plane-1', begin: 500, end: 9_000 },
]
const broken = [{ invariant: 'all is well', at: 3_000, evidence: 'it is not' }]

await t.test('the round before the first broken promise is suspected', async (t) => {
  t.strictSame(suspectsOf(history, broken, faults), [faults[0]])
})

await t.test(
  'a failure is told with its seed, its evidence, the faults before it and the command that plays them again',
  async (t) => {
    const text = failureText({
      history,
      broken,
      troubles: [],
      faults,
      suspects: faults.slice(0, 1),
      folder: '/somewhere',
      replay: (some) => `play ${some.map(({ index }) => index)}`,
    })
    t.match(text, /seed 7/)
    t.match(text, /at 3\.0 s: all is well\n +it is not/)
    t.match(text, /0 kill database from 1\.0 s to 2\.0 s/)
    t.notMatch(text, /pause plane-1 from/)
    t.match(text, /\/somewhere\/history\.jsonl/)
    t.match(text, /play 0,1\n.*play 0$/)
  },
)
