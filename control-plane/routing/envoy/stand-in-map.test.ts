import fc from 'fast-check'
import t from 'tap'
import { standIn } from './stand-in-map.ts'

const names = Array.from({ length: 40 }, (_, index) => `service-${index}`)

await t.test(
  'a map with others standing in reads as a copy with them set, and leaves the one before as it was',
  async (t) => {
    const some = fc.dictionary(fc.constantFrom(...names), fc.nat(), { minKeys: 1, maxKeys: 6 })
    const property = fc.property(fc.array(some, { maxLength: 30 }), (changes) => {
      let map: ReadonlyMap<string, number> = new Map(names.map((name) => [name, -1]))
      for (const change of changes) {
        const before = new Map(map)
        const next = standIn(map, new Map(Object.entries(change)))
        t.strictSame([...map], [...before])
        const wanted = new Map([...before, ...Object.entries(change)])
        t.strictSame([...next], [...wanted])
        t.strictSame([...next.entries()], [...wanted])
        t.strictSame([...next.keys()], names)
        t.strictSame([...next.values()], [...wanted.values()])
        const each: [string, number][] = []
        next.forEach((value, name) => {
          each.push([name, value])
        })
        t.strictSame(each, [...wanted])
        t.strictSame(
          [...names, 'none'].map((name) => [next.get(name), next.has(name)]),
          [...names, 'none'].map((name) => [wanted.get(name), wanted.has(name)]),
        )
        t.equal(next.size, wanted.size)
        map = next
      }
    })
    fc.assert(property, { numRuns: 50 })
  },
)
