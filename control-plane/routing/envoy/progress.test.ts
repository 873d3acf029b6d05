import t from 'tap'
import { Progress } from './progress.ts'

const mark = (revision: number, offer = 1) => ({ offer, revision })

await t.test('a state is proven once everything sent for it is answered', async (t) => {
  const progress = new Progress()
  t.equal(progress.proven, undefined)
  progress.allSent(mark(3), ['a', 'b'])
  progress.answered('a')
  t.equal(progress.proven, undefined)
  progress.answered('b')
  t.strictSame(progress.proven, mark(3))
})

await t.test('where nothing had to be sent, it is proven at once', async (t) => {
  const progress = new Progress()
  progress.allSent(mark(3), [])
  t.strictSame(progress.proven, mark(3))
})

await t.test('constant change does not keep an earlier state from being proven', async (t) => {
  const progress = new Progress()
  progress.allSent(mark(3), ['a'])
  progress.allSent(mark(4), ['a', 'b'])
  progress.answered('a')
  t.strictSame(progress.proven, mark(3))
  progress.allSent(mark(4, 2), ['b', 'c'])
  progress.answered('b')
  progress.answered('c')
  t.strictSame(progress.proven, mark(4, 2))
})
