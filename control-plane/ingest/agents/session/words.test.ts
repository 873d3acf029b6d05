import t from 'tap'
import type { Report } from '#shared/protocol/messages.ts'
import { reason } from '#shared/protocol/reason.ts'
import { passing, specOf } from '#test/support/agents/agent-client.ts'
import { wordsOf } from './words.ts'

const a = specOf({ id: 'a' })
const b = specOf({ id: 'b' })
const known = (id: string) => (id === 'b' ? b : undefined)
const report = (over: Partial<Report>): Report => ({ type: 'report', sequence: 1, ...over })
const kinds = (report: Report) => {
  const read = wordsOf(report, known, () => ['a', 'b', 'c'])
  return read.kind === 'words' ? Object.fromEntries([...read.words].map(([id, { kind }]) => [id, kind])) : read.code
}

for (const { name, said, expected } of [
  { name: 'what is named is present', said: { instances: [passing(a)] }, expected: { a: 'present' } },
  { name: 'what is withdrawn is withdrawn', said: { withdrawn: ['c'] }, expected: { c: 'withdrawn' } },
  {
    name: 'what is named is not withdrawn',
    said: { instances: [passing(a)], withdrawn: ['a'] },
    expected: { a: 'present' },
  },
  {
    name: 'what a whole report does not name is withdrawn',
    said: { whole: true, instances: [passing(a)] },
    expected: { a: 'present', b: 'withdrawn', c: 'withdrawn' },
  },
  {
    name: 'an instance that was never described is bad',
    said: { instances: [{ id: 'a', health: 'passing' as const, reason: reason('ok'), ageMs: 0 }] },
    expected: 'spec-missing',
  },
  {
    name: 'the specification of another instance is bad',
    said: { instances: [{ ...passing(a), id: 'b' }] },
    expected: 'bad-message',
  },
]) {
  t.test(name, async (t) => t.strictSame(kinds(report(said)), expected))
}

t.test('a specification that is left out is the one known', async (t) => {
  const read = wordsOf(
    report({ instances: [{ id: 'b', health: 'warning', reason: reason('ok'), ageMs: 0 }] }),
    known,
    () => [],
  )
  t.match(read.kind === 'words' && read.words.get('b'), { kind: 'present', spec: b, verdict: { health: 'warning' } })
})
