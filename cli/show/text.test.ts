import fc from 'fast-check'
import t from 'tap'
import { count, list, printable } from './text.ts'

t.test('a name cannot steer the terminal', async (t) => {
  const view = { name: 'a\u001b[2Jb\u202ec\u0007', list: ['x\ny', { 'k\u0000': 1 }], none: null, open: undefined, n: 1 }
  t.strictSame(printable(view), {
    name: 'a\ufffd[2Jb\ufffdc\ufffd',
    list: ['x y', { 'k\ufffd': 1 }],
    none: null,
    open: undefined,
    n: 1,
  })
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => !/\p{Cc}/u.test(printable(text))))
})

t.test('what can be shown stays as it is', async (t) => {
  for (const text of ['节点一', 'Zürich – ok', '👍', '']) t.equal(printable(text), text)
})

t.test('numbers and lists read as sentences', async (t) => {
  t.strictSame([count(0, 'node'), count(1, 'node'), count(2, 'node')], ['0 nodes', '1 node', '2 nodes'])
  t.strictSame(
    [list([]), list(['a']), list(['a', 'b']), list(['a', 'b', 'c']), list(['a', 'b', 'c'], 2)],
    ['', 'a', 'a and b', 'a, b and c', 'a, b and 1 more'],
  )
})
