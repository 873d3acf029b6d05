import fc from 'fast-check'
import t from 'tap'
import { changesBetween, hashOf, unfitNames } from './file-set.ts'

const someSet = fc
  .dictionary(fc.constantFrom('a', 'b', 'c', 'd'), fc.constantFrom('', '1', '2', '12'))
  .map((files) => new Map(Object.entries(files)))

t.test('applying the changes leaves nothing to change', async (t) => {
  fc.assert(
    fc.property(someSet, someSet, (present, wanted) => {
      const { write, remove } = changesBetween(present, wanted)
      const kept = [...present].filter(([path]) => !remove.includes(path))
      const after = new Map<string, string>([...kept, ...write])
      const again = changesBetween(after, wanted)
      return again.write.size === 0 && again.remove.length === 0 && hashOf(after) === hashOf(wanted)
    }),
  )
  t.pass()
})

t.test('the hash tells sets apart, and not orders', async (t) => {
  fc.assert(
    fc.property(someSet, someSet, (one, other) => {
      const same = changesBetween(one, other)
      return (hashOf(one) === hashOf(other)) === (same.write.size === 0 && same.remove.length === 0)
    }),
  )
  t.equal(
    hashOf(
      new Map(
        [
          ...new Map([
            ['a', '1'],
            ['b', '2'],
          ]),
        ].reverse(),
      ),
    ),
    hashOf(
      new Map([
        ['a', '1'],
        ['b', '2'],
      ]),
    ),
  )
  t.not(
    hashOf(new Map([['a', '11:b']])),
    hashOf(
      new Map([
        ['a', '1'],
        ['b', ''],
      ]),
    ),
  )
})

for (const { name, paths, expected } of [
  { name: 'its own names', paths: ['heddle-edge-a.conf', 'heddle-edge-b.conf'], expected: undefined },
  { name: 'a name of another gateway', paths: ['heddle-other-a.conf'], expected: /no file of this gateway/ },
  { name: 'a path upwards', paths: ['heddle-edge-/../x.conf'], expected: /no file of this gateway/ },
  { name: 'the name of the proof', paths: ['heddle-edge-proof.conf'], expected: /agent's own/ },
  { name: 'a name twice', paths: ['heddle-edge-a.conf', 'heddle-edge-a.conf'], expected: /twice/ },
]) {
  t.test(`a set with ${name} is ${expected ? 'no set' : 'a set'} of the gateway`, async (t) => {
    const answer = unfitNames(paths, { prefix: 'heddle-edge-', suffix: '.conf', reserved: 'heddle-edge-proof.conf' })
    if (expected) t.match(answer, expected)
    else t.equal(answer, undefined)
  })
}
