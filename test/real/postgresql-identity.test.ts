import t from 'tap'
import { openStore } from '#control-plane/journal/open-store.ts'
import { certificateIn, EnrollingPlane } from '#test/support/enrolling.ts'
import { newKey } from '#test/support/identity.ts'
import { identitySuite } from '#test/support/store/identity-suite.ts'
import { PostgresqlKind } from '#test/support/store/kinds.ts'
import { postgresqlPrograms } from '#test/support/store/postgresql.ts'

t.setTimeout(150_000)

const start = Date.parse('2026-11-21T12:00:00Z')
const skip = (await postgresqlPrograms()) ? false : 'PostgreSQL is not on this machine'
await t.test('who the nodes are, in a PostgreSQL that planes share', { skip }, async (t) => {
  await using kind = await PostgresqlKind.start()
  await identitySuite(t, kind)

  await t.test('planes that start together on an empty database have one authority', async (t) => {
    for (let round = 0; round < 4; round += 1) {
      await using stack = new AsyncDisposableStack()
      const place = stack.use(await kind.place())
      const planes = await Promise.all(
        Array.from({ length: 4 }, async () => EnrollingPlane.open(stack.use(await openStore(place.settings)), start)),
      )
      const [first] = planes
      t.equal(new Set(planes.map(({ authorities }) => authorities.active.id)).size, 1)
      t.equal((await first?.store.authorities())?.length, 1)
    }
  })

  await t.test('what one plane has issued every other one believes, and renews', async (t) => {
    await using place = await kind.place()
    await using one = await openStore(place.settings)
    await using two = await openStore(place.settings)
    const planes = [await EnrollingPlane.open(one, start), await EnrollingPlane.open(two, start)] as const
    const key = await newKey()
    const { der } = certificateIn(await planes[0].enrol(await planes[0].token(), key))
    t.equal((await planes[1].renew(der, key)).kind, 'issued')
  })

  await t.test('a token of one use enrols one node, whichever planes are asked', async (t) => {
    await using place = await kind.place()
    await using one = await openStore(place.settings)
    await using two = await openStore(place.settings)
    const planes = [await EnrollingPlane.open(one, start), await EnrollingPlane.open(two, start)] as const
    const token = await planes[0].token({ usesLeft: 1 })
    const nodes = ['a', 'b', 'c', 'd', 'e', 'f'].map((letter) => `n-${letter.repeat(12)}`)
    const answers = await Promise.all(
      nodes.map(async (node, index) => planes[index % 2 === 0 ? 0 : 1].enrol(token, await newKey(), { node })),
    )
    t.equal(answers.filter(({ kind }) => kind === 'issued').length, 1)
    const refused = answers.filter(({ kind }) => kind === 'refused')
    t.equal(refused.length, 5)
    for (const each of refused) t.match(each, { code: 'ENROLMENT_TOKEN_USED' })
  })

  await t.test('a plane with another secret is refused', async (t) => {
    await using place = await kind.place()
    await using one = await openStore(place.settings)
    await EnrollingPlane.open(one, start)
    await t.rejects(EnrollingPlane.open(one, start, Buffer.alloc(32, 1)), { code: 'SECRET_WRONG' })
  })
})
