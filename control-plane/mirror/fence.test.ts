import fc from 'fast-check'
import t from 'tap'
import { decideFence, identityText, parseIdentity } from './fence.ts'
import { decideRival, freshnessText, parseFreshness } from './freshness.ts'

const us = { installation: 'one', epoch: 5, run: 'us' }
const fresh = { ...us, state: 'alive', at: '2026-01-01T00:00:00.000Z', revision: 7 } as const

for (const { name, found, rival, decision } of [
  { name: 'nothing', found: undefined, rival: 'silent', decision: { kind: 'raise', index: 0, epoch: 5 } },
  { name: 'our own', found: { value: us, index: 8 }, rival: 'silent', decision: { kind: 'hold', index: 8, epoch: 5 } },
  {
    name: 'our own, raised above a higher epoch',
    found: { value: { ...us, epoch: 9 }, index: 8 },
    rival: 'silent',
    decision: { kind: 'hold', index: 8, epoch: 9 },
  },
  {
    name: 'a lower epoch of ours',
    found: { value: { ...us, run: 'old', epoch: 4 }, index: 8 },
    rival: 'alive',
    decision: { kind: 'raise', index: 8, epoch: 5 },
  },
  {
    name: 'an earlier leadership of our own, in a Consul that was set back',
    found: { value: { ...us, epoch: 3 }, index: 8 },
    rival: 'unknown',
    decision: { kind: 'raise', index: 8, epoch: 5 },
  },
  {
    name: 'an equal epoch of another process that nobody has watched',
    found: { value: { ...us, run: 'old' }, index: 8 },
    rival: 'unknown',
    decision: { kind: 'watch' },
  },
  {
    name: 'an equal epoch of another process that is alive',
    found: { value: { ...us, run: 'old' }, index: 8 },
    rival: 'alive',
    decision: { kind: 'stand-down' },
  },
  {
    name: 'an equal epoch of another process that is silent',
    found: { value: { ...us, run: 'old' }, index: 8 },
    rival: 'silent',
    decision: { kind: 'raise', index: 8, epoch: 5 },
  },
  {
    name: 'a higher epoch of a process that is alive',
    found: { value: { ...us, run: 'new', epoch: 9 }, index: 8 },
    rival: 'alive',
    decision: { kind: 'stand-down' },
  },
  {
    name: 'a higher epoch of a process that is silent',
    found: { value: { ...us, run: 'new', epoch: 9 }, index: 8 },
    rival: 'silent',
    decision: { kind: 'raise', index: 8, epoch: 10 },
  },
  {
    name: 'another installation, however silent',
    found: { value: { ...us, installation: 'two', epoch: 1 }, index: 8 },
    rival: 'silent',
    decision: { kind: 'contested' },
  },
  {
    name: 'something that is no fence',
    found: { value: undefined, index: 8 },
    rival: 'silent',
    decision: { kind: 'contested' },
  },
] as const) {
  await t.test(`a fence with ${name}: ${decision.kind}`, async (t) => t.match(decideFence(found, us, rival), decision))
}

for (const { name, fence, freshness, rival } of [
  { name: 'nothing', fence: undefined, freshness: undefined, rival: 'silent' },
  {
    name: 'a clean stop',
    fence: { ...us, run: 'old' },
    freshness: { ...fresh, run: 'old', state: 'stopped' },
    rival: 'silent',
  },
  { name: 'no word of its end', fence: { ...us, run: 'old' }, freshness: { ...fresh, run: 'old' }, rival: 'unknown' },
  { name: 'a fence without a word', fence: { ...us, run: 'old' }, freshness: undefined, rival: 'unknown' },
  { name: 'our own word under the fence of another', fence: { ...us, run: 'new' }, freshness: fresh, rival: 'unknown' },
  { name: 'a word without a fence', fence: undefined, freshness: { ...fresh, run: 'old' }, rival: 'unknown' },
  { name: 'only ourselves', fence: us, freshness: fresh, rival: 'silent' },
] as const) {
  await t.test(`what speaks for another process, with ${name}: ${rival}`, async (t) => {
    t.equal(decideRival(fence, freshness, us), rival)
  })
}

await t.test('fence and freshness are read as they were written, and nothing else is taken for one', async (t) => {
  t.strictSame(parseIdentity(identityText(us)), us)
  t.strictSame(parseFreshness(freshnessText(fresh)), fresh)
  t.strictSame(parseFreshness(freshnessText({ ...fresh, revision: null, state: 'stopped' }))?.revision, null)
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
      const value = parseIdentity(text)
      return value === undefined || typeof value.run === 'string'
    }),
  )
  // Numbers from which nobody could count on.
  const odd = ['1e999', '1e300', '-1', '0.5'].map((epoch) => `{"installation":"a","epoch":${epoch},"run":"b"}`)
  for (const text of ['', 'x', '7', 'null', '{}', '{"installation":"a","epoch":"1","run":"b"}', ...odd]) {
    t.equal(parseIdentity(text), undefined)
    t.equal(parseFreshness(text), undefined)
  }
})
