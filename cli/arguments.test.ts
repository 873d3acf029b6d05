import t from 'tap'
import { countArgument, durationArgument, periodArgument, planeArgument, sinceArgument } from './arguments.ts'

for (const { text, since } of [
  { text: '812', since: { kind: 'revision', revision: 812 } },
  { text: '0', since: { kind: 'revision', revision: 0 } },
  { text: '10m', since: { kind: 'ago', ms: 600_000 } },
  { text: '2026-03-01T10:00:00Z', since: { kind: 'time', at: '2026-03-01T10:00:00.000Z' } },
  { text: '2026-03-01T10:00:00+08:00', since: { kind: 'time', at: '2026-03-01T02:00:00.000Z' } },
  { text: '2026-03-01', since: { kind: 'time', at: '2026-03-01T00:00:00.000Z' } },
]) {
  t.test(`--since ${text} is a ${since.kind}`, async (t) => {
    t.strictSame(sinceArgument(text), since)
  })
}

t.test('what cannot be understood is said, not guessed', async (t) => {
  for (const text of ['', 'yesterday', '-5', '10 minutes', '26-03-01']) {
    t.throws(() => sinceArgument(text), /Expected a duration/, text)
  }
  for (const text of ['', '10', 's', '-1s']) t.throws(() => durationArgument(text), /Expected a duration/, text)
  for (const text of ['0', '-1', '1.5', 'x', '9999999999']) t.throws(() => countArgument(text), /number/, text)
  for (const text of ['', 'localhost:8888', 'ftp://x', 'http://']) t.throws(() => planeArgument(text), /URL/, text)
  t.throws(() => periodArgument('999ms'), /at least 1s/)
})

t.test('what can be understood is taken', async (t) => {
  t.equal(durationArgument('500ms'), 500)
  t.equal(periodArgument('30m'), 1_800_000)
  t.equal(countArgument('20'), 20)
  t.equal(planeArgument('https://plane.example/heddle//'), 'https://plane.example/heddle')
})
