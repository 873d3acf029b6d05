import t from 'tap'
import { type HealthSeen, WellCheck } from './proof.ts'

const proof = { version: '2.0.0', connected: true, wellForMs: 3_000, withinMs: 10_000 }
const well = { version: '2.0.0', connected: true }

/** Looks each second; what came of it, and when. */
function play(seen: (second: number) => HealthSeen, of = proof): string {
  const check = new WellCheck(of, 0)
  for (let second = 0; second < 60; second += 1) {
    const proven = check.look(seen(second), second * 1_000)
    if (proven.kind !== 'wait') return `${proven.kind} at ${second}${'why' in proven ? `: ${proven.why}` : ''}`
  }
  return 'never'
}

for (const [what, seen, expected, of] of [
  ['one that is well at once', () => well, 'well at 3'],
  ['one that takes its time', (second: number) => (second < 6 ? undefined : well), 'well at 9'],
  ['one that is well at the last moment may finish', (second: number) => (second < 9 ? undefined : well), 'well at 12'],
  ['one that never answers', () => undefined, /^late at 10: .*did not answer/],
  ['the former one', () => ({ ...well, version: '1.0.0' }), /^late at 10: .*was 1\.0\.0/],
  ['one that finds no plane', () => ({ ...well, connected: false }), /^late at 10: .*no plane/],
  ['one that comes and goes', (second: number) => (second % 2 === 0 ? well : undefined), /^late at 1[0-3]/],
  [
    'one whose former one had no plane either',
    () => ({ ...well, connected: false }),
    'well at 3',
    { ...proof, connected: false },
  ],
] as const) {
  t.test(`${what}: ${expected}`, async (t) => t.match(play(seen, of), expected))
}
