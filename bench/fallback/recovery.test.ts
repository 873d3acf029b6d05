import t from 'tap'
import type { Called } from '#test/support/calls.ts'
import { answersOf, recoveryMs } from './recovery.ts'

const good: Called = { at: 100, tookMs: 5, cluster: 'looma', attempts: 1, error: undefined }

t.test('recovery is the end of the last call that went wrong or was tried again', async (t) => {
  t.equal(recoveryMs([good], 90), 0)
  t.equal(
    recoveryMs(
      [
        { ...good, attempts: 2 },
        { ...good, at: 200 },
      ],
      90,
    ),
    15,
  )
  t.equal(recoveryMs([{ ...good, at: 110, cluster: undefined, error: 'refused' }, good], 90), 25)
})

t.test('a cluster answers when it gave every answer', async (t) => {
  t.equal(answersOf([good, good]), 'looma')
  t.equal(answersOf([good, { ...good, cluster: 'zervigo' }]), undefined)
  t.equal(answersOf([{ ...good, cluster: undefined }]), undefined)
  t.equal(answersOf([]), undefined)
})
