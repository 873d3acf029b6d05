import fc from 'fast-check'
import t from 'tap'
import { anyChange } from '#test/support/arbitraries/changes.ts'
import type { NodeBelief } from './belief.ts'
import type { Change } from './event.ts'
import { Fleet } from './fleet.ts'
import { nextTold, type PastTold } from './told.ts'

const past = (over: Partial<PastTold>): PastTold => ({
  log: 'log-1',
  edges: 0,
  samples: 0,
  changes: [],
  lostChanges: 0,
  lostSamples: 0,
  ...over,
})

t.test('what is told twice counts once', async (t) => {
  const first = nextTold(undefined, past({ edges: 5, lostChanges: 2 }))
  t.equal(nextTold(first, past({ edges: 5, lostChanges: 2 })), first)
  t.equal(nextTold(first, past({ edges: 3 })), first)
  t.match(nextTold(first, past({ samples: 7, lostSamples: 1 })), {
    edges: 5,
    samples: 7,
    lostChanges: 2,
    lostSamples: 1,
  })
})

t.test('a log that follows another begins anew, and what was lost stays counted', async (t) => {
  const first = nextTold(undefined, past({ edges: 50, lostChanges: 2 }))
  t.match(nextTold(first, past({ log: 'log-2', edges: 1, lostChanges: 1 })), { log: 'log-2', edges: 1, lostChanges: 3 })
})

/** The beliefs, without what was told of the past. */
function present(changes: readonly Change[]) {
  const fleet = new Fleet()
  // The same revisions with and without the past between them.
  fleet.apply(
    changes.map((change, at) => ({ revision: at + 1, event: { version: 1, at: at * 1_000, by: 'x', change } })),
  )
  const { nodes, instances, installation } = fleet.state()
  return { nodes: nodes.map(({ told: _, ...node }: NodeBelief) => node), instances, installation }
}

t.test('the past, told whenever and in whatever order, leaves the belief as it is', async (t) => {
  const nothing: Change = { kind: 'hold-ended', site: 'nowhere' }
  fc.assert(
    fc.property(fc.array(anyChange, { maxLength: 30 }), (changes) => {
      const without = changes.map((change) => (change.kind === 'history-told' ? nothing : change))
      t.strictSame(present(changes), present(without))
    }),
    { numRuns: 300 },
  )
})
