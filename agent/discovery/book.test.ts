import fc from 'fast-check'
import t from 'tap'
import * as z from 'zod/mini'
import { instanceId } from '#shared/protocol/identity.ts'
import { planOf } from '../checks/plan.ts'
import {
  type Adopted,
  adopt,
  adoptedBeside,
  Book,
  copyOf,
  emptyBook,
  ignore,
  isDone,
  isIgnored,
  release,
  serviceOf,
  withListening,
} from './book.ts'

const entry = (found: string, over: Partial<Adopted> = {}): Adopted => ({
  found,
  name: 'user-service',
  port: 8081,
  tags: [],
  check: { kind: 'http', path: '/health' },
  by: 'policy',
  who: 'user-service',
  confidence: 'certain',
  evidence: [],
  ...over,
})
const day = 86_400_000

t.test('what is adopted is no more ignored, and the other way round', async (t) => {
  const ignored = ignore(emptyBook, 'a', 'operator:anna', 'user-service')
  t.ok(isIgnored(ignored, 'a', 'user-service'))
  const adopted = adopt(ignored, entry('a'))
  t.notOk(isIgnored(adopted, 'a', 'user-service'))
  t.strictSame(Object.keys(ignore(adopted, 'a', 'operator:anna', 'x').adopted), [])
  t.strictSame(release(adopted, 'a'), emptyBook)
})

t.test('only the one that was ignored is: another server there is asked about', async (t) => {
  const book = ignore(emptyBook, 'a', 'operator:anna', 'user-service')
  t.notOk(isIgnored(book, 'a', 'billing'))
  t.notOk(isIgnored(book, 'b', 'user-service'))
  t.notOk(isIgnored(book, 'toString', 'user-service'))
})

t.test('a decision that was carried out is not carried out again', async (t) => {
  const by = 'operator:anna'
  const adopted = adopt(emptyBook, entry('a', { by, name: 'crm', type: 'crm' }))
  t.ok(isDone(adopted, 'a', { do: 'adopt', by }))
  t.ok(isDone(adopted, 'a', { do: 'adopt', by, service: 'crm', type: 'crm' }))
  t.notOk(isDone(adopted, 'a', { do: 'adopt', by, service: 'billing' }))
  t.notOk(isDone(adopted, 'a', { do: 'adopt', by: 'operator:bob' }))
  t.notOk(isDone(adopted, 'a', { do: 'ignore', by }))
  t.ok(isDone(ignore(adopted, 'a', by, ''), 'a', { do: 'ignore', by }))
})

t.test('one whose port is gone stays until the stated time is over, then it is withdrawn', async (t) => {
  const book = adopt(emptyBook, entry('a'))
  const gone = withListening(book, () => false, 1_000, day)
  t.equal(gone.book.adopted.a?.goneSince, 1_000)
  t.strictSame(gone.forgotten, [])
  const later = withListening(gone.book, () => false, 1_000 + day - 1, day)
  t.equal(later.book, gone.book)
  const over = withListening(gone.book, () => false, 1_000 + day, day)
  t.strictSame(Object.keys(over.book.adopted), [])
  t.match(over.forgotten, [{ found: 'a' }])
})

t.test('one that comes back is as before, and its time begins anew when it goes again', async (t) => {
  const gone = withListening(adopt(emptyBook, entry('a')), () => false, 1_000, day).book
  const back = withListening(gone, () => true, 2_000, day).book
  t.strictSame(back, adopt(emptyBook, entry('a')))
  t.equal(withListening(back, () => false, 3_000, day).book.adopted.a?.goneSince, 3_000)
})

t.test('a clock that was set back forgets nobody early', async (t) => {
  const gone = withListening(adopt(emptyBook, entry('a')), () => false, 10 * day, day).book
  const set = withListening(gone, () => false, day, day)
  t.equal(set.book.adopted.a?.goneSince, day)
  t.strictSame(set.forgotten, [])
})

t.test('while everything listens nothing changes, whatever the clock says', async (t) => {
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(fc.uniqueArray(fc.stringMatching(/^[a-z]{1,3}$/)), fc.nat(), (ids, now) => {
        const book = ids.reduce((book, id) => adopt(book, entry(id)), emptyBook)
        return withListening(book, () => true, now, day).book === book
      }),
    ),
  )
})

t.test('a declaration at the port of an adopted one speaks instead of it', async (t) => {
  const book = adopt(adopt(emptyBook, entry('a')), entry('b', { name: 'b', port: 9 }))
  t.strictSame(
    adoptedBeside(book, [{ port: 8081 }]).map(({ name }) => name),
    ['b'],
  )
})

t.test('an adopted one is the instance that it would be if it were declared', async (t) => {
  const node = { id: 'n-aaaaaaaaaaaa', address: '10.0.0.7', cluster: 'zervigo' }
  const { spec } = planOf(serviceOf(entry('a')), node)
  t.match(spec, {
    id: /^user-service-[0-9a-f]{8}$/,
    service: 'user-service',
    address: '10.0.0.7',
    port: 8081,
    cluster: 'zervigo',
    metadata: { adopted_by: 'policy' },
    checks: [{ kind: 'http', path: '/health', service: 'user-service' }],
  })
  t.equal(planOf(serviceOf(entry('a', { by: 'operator:anna', address: '10.0.0.9' })), node).spec.id, spec.id)
  t.match(planOf(serviceOf(entry('a', { address: '10.0.0.9', check: { kind: 'tcp' } })), node).spec, {
    address: '10.0.0.9',
    checks: [{ kind: 'tcp' }],
  })
})

t.test('two of one name at one port of two addresses are two instances', async (t) => {
  const node = { id: 'n-aaaaaaaaaaaa', address: '10.0.0.7' }
  const book = adopt(adopt(emptyBook, entry('a', { address: '10.0.0.7' })), entry('b', { address: '10.0.0.8' }))
  const ids = adoptedBeside(book, []).map((each) => planOf(serviceOf(each), node).spec.id)
  t.equal(new Set(ids).size, 2)
  t.strictSame(
    adoptedBeside(book, []).map((each) => instanceId(each.name, node.id, copyOf(each))),
    ids,
  )
  t.strictSame(
    adopt(book, entry('a', { address: '10.0.0.7' })).adopted.b,
    book.adopted.b,
    'whoever is there keeps its id',
  )
})

t.test('the book survives its way to the disk', async (t) => {
  const book = ignore(adopt(emptyBook, entry('a', { goneSince: 5 })), 'b', 'operator:安娜', '用户服务')
  t.strictSame(z.parse(Book, JSON.parse(JSON.stringify(book))), book)
})
