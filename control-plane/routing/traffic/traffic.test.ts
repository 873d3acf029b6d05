import t from 'tap'
import { Traffic } from './traffic.ts'

const hour = 3_600_000
const count = (requests: number, errors = 0, totalMs = 0) => ({ route: 'users', requests, errors, totalMs })

t.test('counts of a route are added up, and what is older than an hour is gone', async (t) => {
  const traffic = new Traffic()
  t.equal(traffic.since('edge', 0), undefined, 'nobody has counted')
  traffic.count('edge', [count(10, 1, 100)], 1_000)
  traffic.count('edge', [count(5, 0, 20), { ...count(1), route: 'jobs' }], 2_000)
  traffic.count('edge', [count(7)], 60_000)
  t.strictSame(
    [...(traffic.since('edge', 0) ?? [])],
    [
      ['users', { requests: 22, errors: 1, totalMs: 120, took: [] }],
      ['jobs', { requests: 1, errors: 0, totalMs: 0, took: [] }],
    ],
  )
  t.equal(traffic.since('edge', 30_000)?.get('users')?.requests, 7)
  t.equal(traffic.since('edge', 1_500)?.get('users')?.requests, 7, 'nothing from before')
  traffic.count('edge', [], hour + 30_000)
  t.equal(traffic.since('edge', 0)?.get('users')?.requests, 7)
  t.equal(traffic.since('other', 0), undefined)
})

t.test('a gateway at which nothing came is known', async (t) => {
  const traffic = new Traffic()
  traffic.count('edge', [], 1_000)
  t.equal(traffic.since('edge', 0)?.size, 0)
})

t.test('what services say of themselves stands in', async (t) => {
  const traffic = new Traffic()
  const sample = { service: 'user', instance: 'u-1', at: 20_000 }
  t.equal(traffic.ofServices(['user'], 0), undefined)
  traffic.sample({ ...sample, kind: 'requests', value: 10 })
  traffic.sample({ ...sample, kind: 'errors', value: 1 })
  traffic.sample({ ...sample, kind: 'latency', value: 80 })
  traffic.sample({ ...sample, instance: 'u-2', kind: 'latency', value: 120 })
  traffic.sample({ ...sample, service: 'job', kind: 'requests', value: 1000 })
  t.strictSame(traffic.ofServices(['user', 'user'], 0), { requests: 150, errors: 15, latencyMs: 120 })
  t.equal(traffic.ofServices(['user'], 20_000), undefined, 'only what came since')
})

t.test('what services were asked is added up over gateways, with how long the answers took', async (t) => {
  const traffic = new Traffic()
  t.equal(traffic.servicesSince(['edge', 'side'], 0), undefined)
  const asked = (requests: number, took: readonly number[]) => ({
    service: 'user-v2',
    requests,
    errors: 1,
    totalMs: 8,
    took,
  })
  traffic.count('edge', [], 1_000, [asked(3, [0, 2, 1])])
  traffic.count('side', [], 1_000, [asked(1, [1])])
  traffic.count('edge', [], 20_000, [asked(2, [0, 2])])
  t.strictSame(traffic.servicesSince(['edge', 'side'], 0)?.get('user-v2'), {
    ...{ requests: 6, errors: 3, totalMs: 24 },
    took: [1, 4, 1],
  })
  t.equal(traffic.servicesSince(['edge', 'side'], 10_000)?.get('user-v2')?.requests, 2)
  t.equal(traffic.servicesSince(['edge'], 0)?.get('other'), undefined)
})

t.test(
  'an hour is kept, the older part of it by the minute, and nothing gets lost or comes twice on the way',
  async (t) => {
    const traffic = new Traffic()
    for (let at = 0; at < hour; at += 5_000) traffic.count('edge', [count(1)], at)
    const now = hour - 5_000
    const seen = (from: number) => traffic.since('edge', from)?.get('users')?.requests ?? 0
    t.equal(seen(0), 720)
    for (const ago of [60_000, 300_000, 590_000]) t.equal(seen(now - ago), ago / 5_000 + 1, 'the newest to within 5 s')
    for (const ago of [700_000, 1_802_000, 3_599_000]) {
      const exact = Math.floor(ago / 5_000) + 1
      t.ok(
        seen(now - ago) <= exact && seen(now - ago) > exact - 13,
        `${seen(now - ago)} of ${exact}: nothing from before`,
      )
    }
  },
)

t.test('names that nobody declared take no room without end, and are counted', async (t) => {
  const traffic = new Traffic()
  const names = (from: number) =>
    Array.from({ length: 2_000 }, (_, index) => ({ ...count(1), route: `r-${from + index}` }))
  for (let from = 0; from < 20_000; from += 2_000) traffic.count('edge', names(from), 1_000 + from / 1_000)
  t.equal(traffic.since('edge', 0)?.size, 10_000)
  t.equal(traffic.leftOut, 10_000)
  traffic.count('edge', names(0), 2_000)
  t.equal(traffic.since('edge', 0)?.get('r-0')?.requests, 2, 'who is known goes on')
})

t.test('gateways that nobody declared take no room without end, and those that are silent make room', async (t) => {
  const traffic = new Traffic()
  for (let index = 0; index < 1_500; index += 1) traffic.count(`edge-${index}`, [count(1)], 1_000)
  t.equal(traffic.leftOut, 500)
  t.equal(traffic.since('edge-1400', 0), undefined)
  traffic.count('edge-1400', [count(1)], hour + 2_000)
  t.equal(traffic.since('edge-1400', 0)?.get('users')?.requests, 1)
  t.equal(traffic.since('edge-0', 0), undefined)
})
