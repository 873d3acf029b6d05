import t from 'tap'
import { type GatewaySeen, judge, type Measured, type Rollout, reached } from './rollout.ts'

const rollout: Rollout = {
  stages: [
    { name: 'a', gateways: ['a'] },
    { name: 'all', gateways: ['b', 'new'] },
  ],
  stage: 0,
  since: 1_000,
  provers: ['a', 'b'],
  withinMs: 10_000,
  soakMs: 0,
  bounds: { errorPercent: 5, latencyMs: 200, leastRequests: 20 },
  gated: false,
  knownRejections: ['old'],
  notes: [],
}
const proven: GatewaySeen = { given: 7, proven: 7, rejected: [], remarks: [] }
const requests: Measured = { requests: 100, errors: 1, latencyMs: 50, of: 'counted at a' }

type Case = {
  readonly name: string
  readonly about?: Partial<Rollout>
  readonly a?: Partial<GatewaySeen> | 'gone'
  readonly b?: Partial<GatewaySeen>
  readonly measured?: Partial<Measured> | 'unknown'
  readonly now?: number
  readonly is: object
}

const cases: readonly Case[] = [
  { name: 'is proven', is: { kind: 'promote' } },
  { name: 'has said nothing', a: 'gone', is: { kind: 'wait', waitingFor: ['a has not proven it'] } },
  {
    name: 'is behind, and says why',
    a: { proven: 6, remarks: ['no Envoy is connected'] },
    is: { kind: 'wait', waitingFor: ['a has not proven it: no Envoy is connected'] },
  },
  {
    name: 'has said nothing for long',
    a: { proven: 6 },
    now: 11_000,
    is: { kind: 'halt', why: /^not proven within 10 s/ },
  },
  { name: 'is proven late', now: 60_000, is: { kind: 'promote' } },
  { name: 'has rejected it', a: { rejected: ['r.yaml:3: no'] }, is: { kind: 'halt', why: 'a: r.yaml:3: no' } },
  { name: 'has rejected something before', a: { rejected: ['old'] }, is: { kind: 'promote' } },
  { name: 'rejects what it had before', a: { given: 6, proven: 6, rejected: ['no'] }, is: { kind: 'wait' } },
  { name: 'is proven, while a later one rejects', b: { rejected: ['no'] }, is: { kind: 'promote' } },
  {
    name: 'fails too often',
    measured: { errors: 6 },
    is: { kind: 'halt', why: /^6% of 100 requests failed \(counted at a\)/ },
  },
  { name: 'fails just as often as it may', measured: { errors: 5 }, is: { kind: 'promote' } },
  { name: 'is too slow', measured: { latencyMs: 201 }, is: { kind: 'halt', why: /^answers take 201 ms/ } },
  { name: 'has too few requests to tell', measured: { requests: 19, errors: 19 }, is: { kind: 'promote' } },
  { name: 'has nobody who counts', measured: 'unknown', is: { kind: 'promote' } },
  {
    name: 'has nobody who counts, though a bound was asked for',
    about: { gated: true },
    measured: 'unknown',
    is: { kind: 'wait', waitingFor: ['0 of 20 requests seen'] },
  },
  { name: 'is gated and has its requests', about: { gated: true }, is: { kind: 'promote' } },
  { name: 'is watched a while', about: { soakMs: 5_000 }, is: { kind: 'wait', waitingFor: ['watched for 5 s more'] } },
  { name: 'was watched long enough', about: { soakMs: 5_000 }, now: 6_000, is: { kind: 'promote' } },
  {
    name: 'is the last one',
    about: { stage: 1 },
    b: { proven: 6 },
    is: { kind: 'wait', waitingFor: ['b has not proven it'] },
  },
]

for (const { name, about = {}, a = {}, b = {}, measured = {}, now = 1_000, is } of cases) {
  t.test(`a stage that ${name}`, async (t) => {
    const seen = (gateway: string) => {
      if (gateway === 'a') return a === 'gone' ? undefined : { ...proven, ...a }
      return gateway === 'b' ? { ...proven, ...b } : undefined
    }
    const counted = measured === 'unknown' ? undefined : { ...requests, ...measured }
    t.match(judge(7, { ...rollout, ...about }, seen, counted, now), is)
  })
}

t.test('a stage adds to those before it', async (t) => {
  t.strictSame([...reached(rollout)], ['a'])
  t.strictSame([...reached({ ...rollout, stage: 1 })], ['a', 'b', 'new'])
})
