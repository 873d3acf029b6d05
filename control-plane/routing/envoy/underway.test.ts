import fc from 'fast-check'
import t from 'tap'
import { toResource } from './resource.ts'
import { Underway } from './underway.ts'

await t.test('it keeps the last of each name, as a map does, whatever comes and goes', async (t) => {
  const resources = ['a', 'b', 'c'].flatMap((name) =>
    ['x', 'y'].map((content) => toResource('endpoints', name, Buffer.from(content), { source: 'routes.yaml:1' })),
  )
  const step = fc.record({ resource: fc.constantFrom(...resources), out: fc.boolean() })
  const property = fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
    const underway = new Underway()
    const wanted = new Map<string, (typeof resources)[number]>()
    for (const { resource, out } of steps) {
      const { name } = resource
      if (out) {
        underway.delete(name)
        wanted.delete(name)
      } else {
        underway.set(resource)
        wanted.set(name, resource)
      }
      t.equal(underway.size, wanted.size)
      t.strictSame([...underway.names()].sort(), [...wanted.keys()].sort())
      for (const each of ['a', 'b', 'c']) {
        t.equal(underway.get(each), wanted.get(each))
        t.equal(underway.has(each), wanted.has(each))
      }
    }
  })
  fc.assert(property)
})
