import t from 'tap'
import { Progress } from './progress.ts'

await t.test('a revision is proven once everything sent for it is answered', async (t) => {
  const progress = new Progress()
  t.equal(progress.proven, undefined)
  progress.allSent(3, ['a', 'b'])
  progress.answered('a')
  t.equal(progress.proven, undefined)
  progress.answered('b')
  t.equal(progress.proven, 3)
})

await t.test('where nothing had to be sent, it is proven at once', async (t) => {
  const progress = new Progress()
  progress.allSent(3, [])
  t.equal(progress.proven, 3)
})

await t.test('constant change does not keep an earlier revision from being proven', async (t) => {
  const progress = new Progress()
  progress.allSent(3, ['a'])
  progress.allSent(4, ['a', 'b'])
  progress.answered('a')
  t.equal(progress.proven, 3)
  progress.allSent(5, ['b', 'c'])
  progress.answered('b')
  progress.answered('c')
  t.equal(progress.proven, 5)
})
