import fc from 'fast-check'
import t from 'tap'
import { ownerOf, preferred } from './rendezvous.ts'

const key = fc.string({ maxLength: 30 })
const members = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 30 }), { minLength: 1, maxLength: 8 })

t.test('whoever knows the same members finds the same order, and the owner is its first', async (t) => {
  fc.assert(
    fc.property(key, members, fc.integer({ min: 0, max: 7 }), (key, members, turn) => {
      const order = preferred(key, members)
      const turned = [...members.slice(turn), ...members.slice(0, turn)]
      t.strictSame(preferred(key, [...turned, ...turned]), order)
      t.equal(ownerOf(key, turned), order[0])
      return order.toSorted().join() === members.toSorted().join()
    }),
  )
  t.equal(ownerOf('x', []), undefined)
  t.strictSame(preferred('x', []), [])
})

t.test('when a member goes, only its keys move; when one comes, it takes some and no other key moves', async (t) => {
  fc.assert(
    fc.property(key, members, fc.nat(), (key, members, pick) => {
      const gone = members[pick % members.length] ?? ''
      const left = members.filter((member) => member !== gone)
      const before = ownerOf(key, members)
      const after = ownerOf(key, left)
      t.strictSame(
        preferred(key, left),
        preferred(key, members).filter((member) => member !== gone),
      )
      return before === gone || before === after
    }),
  )
  t.pass('minimal')
})

for (const { name, members } of [
  { name: 'three', members: ['http://10.0.0.1:8888', 'http://10.0.0.2:8888', 'http://10.0.0.3:8888'] },
  { name: 'two that differ in one letter', members: ['a', 'b'] },
  { name: 'sixteen', members: Array.from({ length: 16 }, (_, n) => `http://plane-${n}.internal:8888`) },
]) {
  t.test(`ten thousand keys spread evenly over ${name}, and those of each over the others when it goes`, async (t) => {
    const keys = Array.from({ length: 10_000 }, (_, n) => `service-${n}`)
    const count = (members: readonly string[], keys: readonly string[]) => {
      const counts = new Map(members.map((member) => [member, 0]))
      for (const key of keys) {
        const owner = ownerOf(key, members) ?? ''
        counts.set(owner, (counts.get(owner) ?? 0) + 1)
      }
      return [...counts.values()]
    }
    const isEven = (counts: readonly number[], all: number) =>
      counts.every((each) => Math.abs(each - all / counts.length) < 5 * Math.sqrt(all / counts.length))
    t.ok(isEven(count(members, keys), keys.length))
    const [gone, ...left] = members
    const orphans = keys.filter((key) => ownerOf(key, members) === gone)
    t.ok(isEven(count(left, orphans), orphans.length))
  })
}
