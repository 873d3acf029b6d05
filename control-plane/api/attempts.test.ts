import t from 'tap'
import type { Answered } from '../identity/enrol.ts'
import { Attempts } from './attempts.ts'

const refused: Answered = { kind: 'refused', code: 'ENROLMENT_REFUSED', why: 'no' }
const waiting: Answered = { kind: 'waiting' }

t.test('an address that was refused too often waits for the next minute, and keeps no other one out', async (t) => {
  let now = 0
  const attempts = new Attempts(10, 3, () => now)
  for (let tries = 0; tries < 3; tries += 1) t.equal(await attempts.make('10.0.0.1', async () => refused), refused)
  await t.rejects(
    attempts.make('10.0.0.1', async () => waiting),
    { message: /refused too often/ },
  )
  t.equal(await attempts.make('10.0.0.2', async () => waiting), waiting)
  now = 60_000
  t.equal(await attempts.make('10.0.0.1', async () => waiting), waiting)
})

t.test('only so many are under way at once; who fails makes room', async (t) => {
  const attempts = new Attempts(2, 100)
  const { promise, reject } = Promise.withResolvers<Answered>()
  const first = attempts.make('a', () => promise)
  const second = attempts.make('b', () => promise)
  await t.rejects(
    attempts.make('c', async () => waiting),
    { message: /2 are under way/ },
  )
  reject(new Error('the store is away'))
  await t.rejects(Promise.all([first, second]), /away/)
  t.equal(await attempts.make('c', async () => waiting), waiting)
})
