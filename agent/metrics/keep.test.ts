import fc from 'fast-check'
import t from 'tap'
import { fits, keepBy } from './keep.ts'

for (const [pattern, text, fitting] of [
  ['*', 'anything', true],
  ['queue_*', 'queue_length', true],
  ['queue_*', 'a_queue_length', false],
  ['*_total', 'http_requests_total', true],
  ['a*b*c', 'a1b2b3c', true],
  ['a*b*c', 'a1b2b3', false],
  ['exact', 'exact', true],
  ['exact', 'exactly', false],
  ['', '', true],
  ['**', '', true],
  ['a.b', 'axb', false],
] as const) {
  t.test(`${text} ${fitting ? 'fits' : 'does not fit'} ${pattern}`, async (t) => t.equal(fits(pattern, text), fitting))
}

t.test('a pattern fits what a regular expression of it fits', async (t) => {
  const letters = fc.string({ unit: fc.constantFrom('a', 'b', '*'), maxLength: 8 })
  fc.assert(
    fc.property(letters, fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 12 }), (pattern, text) => {
      return fits(pattern, text) === new RegExp(`^${pattern.replaceAll('*', '.*')}$`).test(text)
    }),
  )
  t.pass()
})

t.test('a pattern made to be slow is not', async (t) => {
  t.equal(fits(`${'*a'.repeat(50)}*b`, 'a'.repeat(300)), false)
})

t.test(
  'what is wanted more comes first; what every program of a language says comes last where nothing is said',
  async (t) => {
    const asked = keepBy(['queue_*', 'http_requests'])
    const rank = (name: string, family = name) => asked.rankOf({ name, family })
    t.equal(rank('queue_length'), 0)
    t.equal(rank('http_requests_total', 'http_requests'), 1)
    t.equal(rank('other'), undefined)
    const all = keepBy([])
    t.equal(all.rankOf({ name: 'shop_orders', family: 'shop_orders' }), 0)
    t.equal(all.rankOf({ name: 'go_goroutines', family: 'go_goroutines' }), 1)
    t.ok(all.most < asked.most)
  },
)
