import t from 'tap'
import { judgeRisks, type Mode, type Refusal, refusalText } from './mode.ts'

const insecure: Refusal<'a' | 'b'> = { risk: 'a', path: ['x'], message: 'it is open' }
const open: Refusal<'a' | 'b'> = { risk: 'b', path: ['y'], message: 'it is wide' }

for (const { mode, accept = [], refused, warned } of [
  { mode: undefined, refused: [], warned: [] },
  { mode: 'local', refused: [], warned: [] },
  { mode: 'cluster', refused: [], warned: [] },
  { mode: 'staging', refused: [], warned: [insecure, open] },
  { mode: 'production', refused: [insecure, open], warned: [] },
  { mode: 'production', accept: ['b'], refused: [insecure], warned: [open] },
] as readonly { mode?: Mode; accept?: ('a' | 'b')[]; refused: unknown[]; warned: unknown[] }[]) {
  t.test(`mode ${mode}${accept.length > 0 ? ` with ${accept} accepted` : ''} judges what is risky`, async (t) => {
    t.strictSame(judgeRisks({ mode, accept_risks: accept }, [insecure, open]), { refused, warned })
  })
}

t.test('a refusal says both ways out', async (t) => {
  t.equal(refusalText(insecure), 'mode production refuses this: it is open; or name "a" in accept_risks')
})
