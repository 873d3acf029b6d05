import fc from 'fast-check'
import t from 'tap'
import { Balancer } from './balancer.ts'
import type { Callable } from './callable.ts'

function callable(instance: string, weight = 100): Callable {
  return { instance, cluster: 'zervigo', address: '127.0.0.1', port: 1, weight, last: false }
}

const counts = (picked: readonly (Callable | undefined)[]) =>
  Object.fromEntries(
    [...Map.groupBy(picked, (each) => each?.instance ?? '')].map(([name, those]) => [name, those.length]),
  )

t.test('in turn, each gets its share, and nobody many at once', async (t) => {
  const balancer = new Balancer('round_robin')
  const all = [callable('a', 100), callable('b', 100), callable('c', 200)]
  const picked = Array.from({ length: 8 }, () => balancer.pick(all)?.instance)
  t.strictSame(picked, ['c', 'a', 'b', 'c', 'c', 'a', 'b', 'c'])
})

t.test('every weight is met exactly over a whole round', async (t) => {
  const weights = fc.uniqueArray(fc.record({ name: fc.string(), weight: fc.integer({ min: 1, max: 20 }) }), {
    selector: ({ name }) => name,
    minLength: 1,
    maxLength: 6,
  })
  fc.assert(
    fc.property(weights, (list) => {
      const balancer = new Balancer('round_robin')
      const all = list.map(({ name, weight }) => callable(`i-${name}`, weight))
      const round = all.reduce((sum, { weight }) => sum + weight, 0)
      const found = counts(Array.from({ length: round }, () => balancer.pick(all)))
      return all.every(({ instance, weight }) => found[instance] === weight)
    }),
  )
  t.pass()
})

t.test('by least request the one with the fewest calls for its weight is next', async (t) => {
  const balancer = new Balancer('least_request')
  const all = [callable('a'), callable('b'), callable('big', 300)]
  const picked: string[] = []
  for (let count = 0; count < 5; count += 1) {
    const next = balancer.pick(all)?.instance ?? ''
    balancer.began(next)
    picked.push(next)
  }
  t.strictSame(counts(picked.map((name) => callable(name))), { big: 3, a: 1, b: 1 })
  balancer.ended('b')
  t.equal(balancer.pick(all)?.instance, 'b')
  t.equal(balancer.onTheirWay('b'), 0)
})

t.test('of none none is picked, and of those that are gone nothing is kept', async (t) => {
  const balancer = new Balancer('round_robin')
  t.equal(balancer.pick([]), undefined)
  for (let count = 0; count < 1_000; count += 1) balancer.pick([callable(`i-${count}`)])
  t.equal(balancer.pick([callable('last')])?.instance, 'last')
})
