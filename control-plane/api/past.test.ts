import t from 'tap'
import { Failure } from '#shared/failure/failure.ts'
import { Fleet } from '../fleet/fleet.ts'
import { type PastSource, Pasts } from './past.ts'

const source = (more: Partial<PastSource> = {}): PastSource => ({
  revisionAt: async (time) => time,
  stateAt: async (revision) => ({ ...new Fleet().state(), revision }),
  read: async () => [],
  now: () => 10_000,
  ...more,
})
const entry = (revision: number, at: number) =>
  ({ revision, event: { version: 1, at, by: 'x', change: { kind: 'thawed', reason: '' } } }) as const

t.test('a moment is a revision or a time, what happened at that very time included', async (t) => {
  const pasts = new Pasts(source())
  t.match(await pasts.of('7'), { revision: 7, at: undefined, fleet: { revision: 7, complete: true } })
  t.match(await pasts.of('1970-01-01T00:00:05Z'), { revision: 5_001, at: 5_000 })
  await t.rejects(pasts.of('1970-01-01T00:00:11Z'), { status: 400, message: /yet to come/ })
})

t.test('where the journal does not reach back so far, that is said, and from when on it does', async (t) => {
  const pasts = new Pasts(source({ read: async () => [entry(100, 3_000)] }))
  await t.rejects(pasts.of('1970-01-01T00:00:01Z'), { status: 404, message: /back to 1970-01-01T00:00:03\.000Z only/ })
  t.match(await pasts.of('1970-01-01T00:00:03Z'), { at: 3_000 })
  t.match(await new Pasts(source({ read: async () => [entry(1, 3_000)] })).of('1970-01-01T00:00:01Z'), { at: 1_000 })
  const gone = new Pasts(source({ stateAt: () => Promise.reject(new Failure('NOT_FOUND', 'no longer')) }))
  await t.rejects(gone.of('7'), { status: 404, message: 'no longer' })
  const broken = new Pasts(source({ stateAt: () => Promise.reject(new Failure('STORE_CORRUPT', 'broken')) }))
  await t.rejects(broken.of('7'), { code: 'STORE_CORRUPT' })
})

t.test('one past is made at a time, the last one is kept, and too many askers are refused', async (t) => {
  let atOnce = 0
  let made = 0
  const pasts = new Pasts(
    source({
      stateAt: async (revision) => {
        atOnce += 1
        made += 1
        t.equal(atOnce, 1)
        await new Promise((resolve) => setImmediate(resolve))
        atOnce -= 1
        return { ...new Fleet().state(), revision }
      },
    }),
  )
  const all = await Promise.allSettled(['1', '1', '2', '3', '4', '5'].map((at) => pasts.of(at)))
  t.strictSame(
    all.map(({ status }) => status),
    ['fulfilled', 'fulfilled', 'fulfilled', 'fulfilled', 'rejected', 'rejected'],
  )
  t.equal(made, 3)
})
