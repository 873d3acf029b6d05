import type { Test } from 'tap'
import { waitFor } from '../wait.ts'
import type { StoreKind } from './kinds.ts'

const one = { run: 'r1', holder: 'one', forMs: 60_000 }
const two = { run: 'r2', holder: 'two', forMs: 60_000 }

/** What is promised of the row that says who leads. */
export async function leadershipSuite(t: Test, kind: StoreKind): Promise<void> {
  await t.test('whoever claims first leads; others hear who it is and for how long', async (t) => {
    await using store = await kind.open()
    t.match(await store.leadership(), { run: '', holder: '', epoch: 0 })
    t.ok((await store.leadership()).leftMs <= 0)
    t.match(await store.claimLeadership(one), { run: 'r1', holder: 'one', epoch: 1 })
    t.match(await store.claimLeadership(two), { run: 'r1', holder: 'one', epoch: 1 })
    t.match(await store.claimLeadership(one), { run: 'r1', epoch: 1 }, 'renewed, it is the same one')
    const { leftMs } = await store.leadership()
    t.ok(leftMs > 0 && leftMs <= 60_000)
  })

  await t.test(
    'a leadership that was given up, or that has ended, is followed by one with a greater epoch',
    async (t) => {
      await using store = await kind.open()
      await store.claimLeadership(one)
      await store.resignLeadership('r2')
      t.match(await store.claimLeadership(two), { run: 'r1' }, 'nobody ends what is not his')
      await store.resignLeadership('r1')
      t.match(await store.claimLeadership({ ...two, forMs: 1 }), { run: 'r2', epoch: 2 })
      await waitFor(() => store.claimLeadership(one), {
        what: 'the end of the second',
        withinMs: 20_000,
        until: ({ run, epoch }) => run === 'r1' && epoch === 3,
      })
      await store.resignLeadership('r1')
      t.match(await store.claimLeadership(one), { run: 'r1', epoch: 4 }, 'also by the same one')
    },
  )

  await t.test(
    'a lease that has more left than any is given, since the clock went back, ends as any other',
    async (t) => {
      await using store = await kind.open()
      await store.claimLeadership({ ...one, forMs: 3_600_000 })
      const answer = await store.claimLeadership({ ...two, forMs: 4_000 })
      t.match(answer, { run: 'r1', epoch: 1 }, 'whoever has it keeps it')
      t.ok(answer.leftMs <= 4_000, 'for as long as it would renew it')
      await waitFor(() => store.claimLeadership({ ...two, forMs: 4_000 }), {
        what: 'the end of it',
        withinMs: 30_000,
        until: ({ run, epoch }) => run === 'r2' && epoch === 2,
      })
    },
  )

  await t.test('an epoch that others remember is passed', async (t) => {
    await using store = await kind.open()
    t.match(await store.claimLeadership({ ...one, above: 41 }), { epoch: 42 })
    t.match(await store.claimLeadership({ ...one, above: 50 }), { epoch: 42 }, 'but not by the one that lasts')
    await store.resignLeadership('r1')
    t.match(await store.claimLeadership({ ...two, above: 7 }), { epoch: 43 })
  })

  await t.test('of many that claim at once exactly one leads', async (t) => {
    await using store = await kind.open()
    const claims = Array.from({ length: 20 }, (_, index) =>
      store.claimLeadership({ run: `r${index}`, holder: `h${index}`, forMs: 60_000 }),
    )
    const runs = new Set((await Promise.all(claims)).map(({ run, epoch }) => `${run} ${epoch}`))
    t.equal(runs.size, 1)
    t.match([...runs], [/ 1$/])
  })
}
