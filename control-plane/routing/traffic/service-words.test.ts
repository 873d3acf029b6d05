import fc from 'fast-check'
import t from 'tap'
import { type ServiceSample, ServiceWords } from './service-words.ts'

const hour = 3_600_000
const startedAt = 1_790_000_000_000
const base: ServiceSample = { service: 'user', instance: 'u-1', kind: 'requests', value: 2, at: startedAt }

t.test('what is asked for since a time has all that came later, and nothing from before', async (t) => {
  const sample = fc.record({ value: fc.nat(100), secondsLater: fc.integer({ min: -8, max: 20 }) })
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(fc.array(sample, { minLength: 1, maxLength: 100 }), fc.nat(600), (samples, secondsAgo) => {
        const words = new ServiceWords()
        let at = startedAt
        const all = samples.map(({ value, secondsLater }) => {
          at += secondsLater * 1_000
          return { ...base, value, at }
        })
        for (const each of all) words.add(each)
        const newest = Math.max(...all.map((each) => each.at))
        const since = newest - secondsAgo * 1_000
        const sum = (from: number) => all.reduce((total, { at, value }) => total + (at > from ? value * 15 : 0), 0)
        const said = words.since(['user'], since)?.requests ?? 0
        return newest - secondsAgo * 1_000 < newest - 590_000 || (said <= sum(since) && said >= sum(since + 5_000))
      }),
    ),
  )
})

t.test(
  'an hour is kept, the older part of it by the minute, and nothing gets lost or comes twice on the way',
  async (t) => {
    const words = new ServiceWords()
    for (let at = 0; at < 2 * hour; at += 15_000) {
      words.add({ ...base, at: startedAt + at, value: 1 })
      words.add({ ...base, at: startedAt + at, kind: 'latency', value: at / 1_000 })
    }
    const now = startedAt + 2 * hour - 15_000
    const said = (ago: number) => words.since(['user'], now - ago)?.requests ?? 0
    for (const ago of [60_000, 300_000, 590_000]) {
      t.ok(Math.abs(said(ago) - ago / 1_000) <= 15, `${said(ago)} of ${ago / 1_000}`)
    }
    for (const ago of [700_000, 1_802_000, 3_500_000]) {
      t.ok(said(ago) <= ago / 1_000 + 15 && said(ago) > ago / 1_000 - 75, `${said(ago)} of ${ago / 1_000}`)
    }
    t.ok(said(2 * hour) <= 3_660, 'what is older is gone')
    t.equal(words.since(['user'], now - hour)?.latencyMs, (now - startedAt) / 1_000)
  },
)

t.test('a service of which nothing is heard any more is forgotten', async (t) => {
  const words = new ServiceWords()
  words.add({ ...base, service: 'gone' })
  for (let at = 0; at <= hour + 60_000; at += 15_000) words.add({ ...base, at: startedAt + at })
  t.equal(words.since(['gone'], 0), undefined)
  t.equal(words.size, 1)
})
