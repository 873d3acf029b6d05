import t from 'tap'
import { inspectFiles } from './inspect.ts'

const proven = (version: string, quarantined: { path: string; resource?: string; error: string }[] = []) =>
  ({ state: 'proven', version, revision: 1, quarantined, reloaded: true, tookMs: 1 }) as const

t.test('what agents find, and what they left out, is told by node; who does not say is named', async (t) => {
  const bad = { path: 'heddle-a.conf', resource: 'x', error: 'no' }
  const runs = [
    { id: '1', node: 'one', outcome: proven('v2', [bad]) },
    { id: '2', node: 'two', outcome: proven('v1') },
    { id: '3', node: 'three', outcome: undefined },
    { id: '4', node: 'four', outcome: proven('v2') },
  ]
  const answers: Readonly<Record<string, object>> = {
    '1': { differences: [{ kind: 'missing', path: 'heddle-b.conf' }], serves: false },
    '2': { differences: [], serves: true },
    '4': { differences: [], serves: false, error: 'a set is on its way' },
  }
  const inspect = async (node: string) => answers[node] as { differences: []; serves: boolean } | undefined
  t.strictSame(await inspectFiles(runs, 'v2', { mode: 'apply', inspect }), {
    differences: [
      { kind: 'changed', what: 'x of heddle-a.conf (not taken)', at: 'one' },
      { kind: 'missing', what: 'heddle-b.conf', at: 'one' },
      { kind: 'changed', what: 'what its proxy serves', at: 'one' },
    ],
    unknown: [
      'two is on its way to the newest set',
      'three has not proven the newest set',
      'three does not say what it finds',
      'four: a set is on its way',
    ],
  })
  for (const [given, version, mode] of [
    [runs, undefined, 'apply'],
    [runs, 'v2', 'observe'],
    [[], 'v2', 'apply'],
  ] as const) {
    t.match(await inspectFiles(given, version, { mode, inspect }), { differences: [], unknown: [/./] })
  }
})
