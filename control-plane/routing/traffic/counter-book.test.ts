import * as fc from 'fast-check'
import t from 'tap'
import type { Counter, Counters } from '#shared/protocol/traffic.ts'
import { CounterBook } from './counter-book.ts'
import type { CounterNames } from './counter-names.ts'

const names: CounterNames = {
  route: (name) => name.slice(name.lastIndexOf('.') + 1),
  service: (name) => (name === 'heddle-xds' ? undefined : name),
  isListener: (name) => name !== 'foreign',
}
const counter = (name: string, requests: number, errors = 0): Counter => ({
  ...{ name, requests, errors, totalMs: requests * 10 },
  took: [0, requests],
})
const said = (upMs: number, more: Partial<Counters> = {}): Counters => ({
  ...{ type: 'counters', gateway: 'edge', envoy: 'e-1', life: 'a', upMs },
  ...{ routes: [], services: [], listeners: [] },
  ...more,
})
const routes = (book: CounterBook, counters: Counters, now: number) =>
  book.take('n', counters, names, now)?.routes.map(({ route, requests }) => [route, requests])

t.test('a route of several virtual hosts is the sum of its counters', async (t) => {
  const book = new CounterBook()
  const all = [
    counter('edge.route.users', 3, 1),
    counter('edge/a.example.route.users', 4),
    counter('edge.route.jobs', 1),
  ]
  t.strictSame(routes(book, said(5_000, { routes: all }), 10_000), [
    ['users', 3],
    ['users', 4],
    ['jobs', 1],
  ])
})

t.test('what was counted before anybody looked is not of now', async (t) => {
  const book = new CounterBook()
  t.equal(book.take('n', said(86_400_000, { routes: [counter('edge.route.users', 1_000)] }), names, 1e6), undefined)
  t.strictSame(routes(book, said(86_405_000, { routes: [counter('edge.route.users', 1_007)] }), 1e6 + 5_000), [
    ['users', 7],
  ])
})

t.test('nor is what is told of that time in further messages', async (t) => {
  const book = new CounterBook()
  const dayMs = 86_400_000
  book.take('n', said(dayMs, { routes: [counter('edge.route.users', 1_000)] }), names, 1e6)
  const rest = { routes: [counter('edge.route.jobs', 500)], services: [counter('job', 500)] }
  const listeners = [counter('port-80', 1_600)]
  const come = book.take('n', said(dayMs, { ...rest, listeners }), names, 1e6)
  t.match(come, { routes: [{ route: 'jobs', requests: 0 }], services: [{ service: 'job', requests: 0 }] })
  t.equal(come?.routes.length, 1, 'nothing came to no route')
  const later = { routes: [counter('edge.route.jobs', 503), counter('edge.route.new', 4)] }
  t.strictSame(routes(book, said(dayMs + 5_000, later), 1e6 + 5_000), [
    ['jobs', 3],
    ['new', 4],
  ])
})

t.test('one that starts anew begins at zero, and nothing it did since counts twice or is lost', async (t) => {
  const book = new CounterBook()
  const users = (life: string, upMs: number, requests: number, now: number) =>
    routes(book, said(upMs, { life, routes: [counter('edge.route.users', requests)] }), now)
  t.strictSame(users('a', 5_000, 100, 1e6), [['users', 100]])
  t.strictSame(users('b', 2_000, 120, 1e6 + 5_000), [['users', 120]], 'more than before, and yet from zero')
  t.strictSame(users('b', 7_000, 121, 1e6 + 10_000), [['users', 1]])
  t.strictSame(users('b', 7_000, 121, 1e6 + 11_000), [['users', 0]], 'told again by another session')
  t.strictSame(users('c', 1_500_000, 40, 1e6 + 1_600_000), [['users', 40]], 'nobody heard it for long')
  t.equal(users('d', 2_000_000, 9_000, 1e6 + 1_605_000), undefined, 'an older one of the same name')
})

t.test('a counter that was away with its route begins anew', async (t) => {
  const book = new CounterBook()
  const users = (requests: number, now: number) =>
    routes(book, said(5_000 + now, { routes: [counter('edge.route.users', requests)] }), 1e6 + now)
  users(50, 0)
  t.strictSame(users(2, 5_000), [['users', 2]])
  t.strictSame(users(3, 10_000), [['users', 1]])
})

t.test('what no route took is known from the listeners, whichever is told first', async (t) => {
  const book = new CounterBook()
  const users = [counter('edge.route.users', 10, 1)]
  const listeners = [counter('port-80', 13, 2), counter('foreign', 500)]
  t.strictSame(book.take('n', said(5_000, { routes: users, listeners }), names, 1e6)?.routes.at(-1), {
    ...{ route: '', requests: 3, errors: 1, totalMs: 0 },
  })
  t.strictSame(routes(book, said(10_000, { routes: [counter('edge.route.users', 15)] }), 1e6 + 5_000), [['users', 5]])
  t.strictSame(
    routes(book, said(15_000, { listeners: [counter('port-80', 19)] }), 1e6 + 10_000),
    [['', 1]],
    'five of six were of the route',
  )
})

t.test("a way of the Envoy's own is none of the services", async (t) => {
  const services = [counter('heddle-xds', 9), counter('user', 4)]
  const come = new CounterBook().take('n', said(1_000, { services }), names, 1e6)
  t.strictSame(come?.services, [{ service: 'user', requests: 4, errors: 0, totalMs: 40, took: [0, 4] }])
})

t.test('whatever is told again, or lost, the sum is what the Envoys counted', async () => {
  const step = fc.record({
    add: fc.nat(50),
    /** heard twice, or not at all */
    heard: fc.constantFrom(0, 1, 2),
    restart: fc.boolean(),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const book = new CounterBook()
      let [now, bornAt, life, count, sum, sure, lostLife] = [1e6, 1e6, 0, 0, 0, 0, 0]
      const tell = () => {
        const all = [counter('edge.route.users', count)]
        const come = book.take('n', said(now - bornAt, { life: `l${life}`, routes: all }), names, now)
        for (const { requests } of come?.routes ?? []) sum += requests
        sure += count - lostLife
        lostLife = count
      }
      tell()
      for (const { add, heard, restart } of steps) {
        now += 5_000
        count += add
        for (let times = 0; times < heard; times += 1) tell()
        if (restart) {
          // What an Envoy has counted since it was looked at last dies with it.
          ;[bornAt, life, count, lostLife] = [now, life + 1, 0, 0]
        }
      }
      return sum === sure
    }),
  )
})
