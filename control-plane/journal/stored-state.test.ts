import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import t from 'tap'
import {
  anyForeignBelief,
  anyInstallation,
  anyInstanceBelief,
  anyNodeBelief,
} from '#test/support/arbitraries/beliefs.ts'
import { anyState } from '#test/support/arbitraries/journals.ts'
import type { FleetState } from '../fleet/state.ts'
import { beliefsInPart, encodeState, StateReader, stateVersion } from './stored-state.ts'

function decode(parts: Iterable<string>, revision: number): FleetState {
  const reader = new StateReader(revision, stateVersion)
  for (const part of parts) reader.add(part)
  return reader.state()
}

t.test('a state that was stored is read as it was', async (t) => {
  const anything = fc.record({
    revision: fc.nat(),
    nodes: fc.array(anyNodeBelief),
    instances: fc.array(anyInstanceBelief),
    foreign: fc.array(anyForeignBelief),
    installation: anyInstallation,
  })
  fc.assert(
    fc.property(fc.oneof(anyState, anything), (state) =>
      isDeepStrictEqual(decode(encodeState(state), state.revision), { orders: [], settings: [], ...state }),
    ),
    { numRuns: 500 },
  )
  t.pass()
})

t.test('a large state comes in parts that are read at once each', async (t) => {
  const [belief] = fc.sample(anyInstanceBelief, { numRuns: 1, seed: 7 })
  if (!belief) return
  const installation = { frozen: undefined, holds: new Map(), revision: 0 }
  const instances = Array.from({ length: 2 * beliefsInPart + 1 }, (_, index) => ({ ...belief, revision: index + 1 }))
  const parts = [...encodeState({ revision: 9, nodes: [], instances, foreign: [], installation })]
  t.equal(parts.length, 1 + 3)
  t.strictSame(decode(parts, 9).instances, instances)
})

t.test('a snapshot from before there were orders and settings is read', async (t) => {
  const installation = { revision: 3, holds: [] }
  const parts = [JSON.stringify({ kind: 'installation', installation }), JSON.stringify({ kind: 'nodes', nodes: [] })]
  t.match(decode(parts, 9), { revision: 9, nodes: [], orders: [], settings: [] })
})

t.test('a snapshot of a newer version is refused', async (t) => {
  t.throws(() => new StateReader(9, stateVersion + 1), { code: 'STORE_TOO_NEW', message: /Snapshot 9/ })
})

t.test('a snapshot that is not whole is refused', async (t) => {
  t.throws(() => decode([], 9), { code: 'STORE_CORRUPT', message: /Snapshot 9/ })
  t.throws(() => decode(['{"kind":"nodes"'], 9), { code: 'STORE_CORRUPT' })
})
