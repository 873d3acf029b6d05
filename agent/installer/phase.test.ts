import fc from 'fast-check'
import t from 'tap'
import { type Installation, nextStep, type StepEnd } from './phase.ts'

const staged: Installation = {
  ...{ format: 1, id: 'a', version: '2.0.0', sha256: 'ab'.repeat(32), phase: 'staged', tries: 0 },
  ...{ connected: true, code: '', why: '' },
}
const went: StepEnd = { kind: 'went' }
const failed: StepEnd = { kind: 'failed', why: 'dpkg said no' }

for (const [what, record, end, expected] of [
  ['what is judged is installed', staged, undefined, { do: 'install', as: { phase: 'installing', tries: 1 } }],
  [
    'what is installed is proven',
    { ...staged, phase: 'installing', tries: 1 },
    went,
    { do: 'prove', as: { phase: 'proving' } },
  ],
  [
    'what cannot be installed is taken back',
    { ...staged, phase: 'installing' },
    failed,
    { do: 'return', as: { code: 'UPGRADE_PACKAGE' } },
  ],
  [
    'an installation that was broken off is tried again',
    { ...staged, phase: 'installing', tries: 1 },
    undefined,
    { do: 'install', as: { tries: 2 } },
  ],
  [
    'one that was broken off twice is taken back',
    { ...staged, phase: 'installing', tries: 2 },
    undefined,
    { do: 'return' },
  ],
  ['a proof that was broken off begins anew', { ...staged, phase: 'proving' }, undefined, { do: 'prove' }],
  [
    'what is not well is taken back',
    { ...staged, phase: 'proving' },
    failed,
    { do: 'return', as: { code: 'UPGRADE_RETURNED' } },
  ],
  ['what is well stays', { ...staged, phase: 'proving' }, went, { do: 'end', stage: 'done' }],
  ['a way back that was broken off is gone again', { ...staged, phase: 'returning' }, undefined, { do: 'return' }],
  [
    'a way back that fails is told',
    { ...staged, phase: 'returning', why: 'ill' },
    failed,
    { do: 'end', stage: 'returned', as: { why: /ill; and .* dpkg said no/ } },
  ],
] as const) {
  t.test(what, async (t) => t.match(nextStep(record, end), expected))
}

t.test('however often it is broken off, it ends: done, or with the former one back', async (t) => {
  const ends = fc.array(fc.constantFrom<StepEnd | undefined>(undefined, went, failed), { minLength: 40, maxLength: 40 })
  fc.assert(
    fc.property(ends, (ends) => {
      let record = staged
      let proven = false
      for (const end of [undefined, ...ends, went, went, went, went]) {
        const next = nextStep(record, end)
        record = next.as
        proven ||= record.phase === 'proving' && end?.kind === 'went'
        if (next.do === 'end') return next.stage === 'done' ? record.code === '' && proven : record.code !== ''
      }
      return false
    }),
  )
  t.pass()
})
