import fc from 'fast-check'
import t from 'tap'
import { Cache } from './cache.ts'

t.test('what was used last stays; what was not used for longest leaves first', async (t) => {
  const cache = new Cache<number>({ most: 2, mostWeight: 100 })
  cache.set('a', 1, { until: 10, weight: 1 })
  cache.set('b', 2, { until: 10, weight: 1 })
  t.equal(cache.get('a', 0), 1)
  cache.set('c', 3, { until: 10, weight: 1 })
  t.equal(cache.get('b', 0), undefined)
  t.strictSame([cache.get('a', 0), cache.get('c', 0)], [1, 3])
})

t.test('what is over is not there, from that very moment', async (t) => {
  const cache = new Cache<number>({ most: 2, mostWeight: 100 })
  cache.set('a', 1, { until: 10, weight: 1 })
  t.equal(cache.get('a', 9.9), 1)
  t.equal(cache.get('a', 10), undefined)
  t.equal(cache.size, 0)
})

t.test('what is too heavy is not kept, and does not keep what it was to replace', async (t) => {
  const cache = new Cache<number>({ most: 5, mostWeight: 10 })
  cache.set('a', 1, { until: 10, weight: 6 })
  cache.set('b', 2, { until: 10, weight: 6 })
  t.strictSame([cache.get('a', 0), cache.get('b', 0)], [undefined, 2])
  cache.set('b', 3, { until: 10, weight: 11 })
  t.equal(cache.get('b', 0), undefined)
})

t.test('whatever is done with it, it is bounded, and answers only what was kept last and is not over', async (t) => {
  const key = fc.constantFrom('a', 'b', 'c', 'd', 'e')
  const step = fc.oneof(
    fc.record({ do: fc.constant('set' as const), key, lives: fc.nat(20), weight: fc.integer({ min: 1, max: 40 }) }),
    fc.record({ do: fc.constant('get' as const), key }),
    fc.constant({ do: 'clear' as const }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const cache = new Cache<number>({ most: 3, mostWeight: 60 })
      const model = new Map<string, { value: number; until: number; weight: number }>()
      for (const [now, each] of steps.entries()) {
        if (each.do === 'set') {
          const kept = { until: now + each.lives, weight: each.weight }
          cache.set(each.key, now, kept)
          model.set(each.key, { value: now, ...kept })
        } else if (each.do === 'clear') {
          cache.clear()
          model.clear()
        } else {
          const seen = cache.get(each.key, now)
          const known = model.get(each.key)
          if (seen !== undefined && (known?.value !== seen || now >= known.until)) return false
        }
        if (cache.size > 3) return false
      }
      return true
    }),
  )
  t.pass()
})
