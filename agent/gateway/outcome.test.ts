import t from 'tap'
import { type Input, outcomeOf, tellTheSame } from './outcome.ts'

const now = { present: new Map(), lastGood: new Map() }
const files = [
  { path: 'heddle-edge-a.conf', content: '', source: 'routes.yaml:7' },
  { path: 'heddle-edge-b.conf', content: '' },
]
const set = { proxy: 'nginx' as const, version: 'v', revision: 4, urgent: false, files }
const input: Input = { set, files: new Map(), key: 'k', receivedAt: 1000, urgent: false }

t.test('a quarantined file is told with its place in the declaration', async (t) => {
  const quarantined = files.map(({ path }) => ({ path, error: 'bad' }))
  const applied = {
    now,
    reloaded: true,
    passing: false,
    result: { state: 'proven', attempt: { files: new Map(), quarantined } },
  } as const
  t.strictSame(outcomeOf(input, applied, 1042.26), {
    state: 'proven',
    version: 'v',
    revision: 4,
    quarantined: [
      { path: 'heddle-edge-a.conf', error: 'bad (declared at routes.yaml:7)' },
      { path: 'heddle-edge-b.conf', error: 'bad' },
    ],
    reloaded: true,
    tookMs: 42.3,
  })
})

t.test('outcomes that differ in times alone tell the same', async (t) => {
  const proven = { state: 'proven' as const, version: 'v', revision: 4, quarantined: [], reloaded: true, tookMs: 3 }
  t.ok(tellTheSame(proven, { ...proven, reloaded: false, tookMs: 4 }))
  t.notOk(tellTheSame(proven, { ...proven, revision: 5 }))
  t.notOk(tellTheSame(undefined, proven))
  t.ok(tellTheSame({ state: 'waiting', version: 'v', waitMs: 1 }, { state: 'waiting', version: 'v', waitMs: 2 }))
  t.notOk(tellTheSame({ state: 'blocked', version: 'v', error: 'a' }, { state: 'blocked', version: 'v', error: 'b' }))
})
