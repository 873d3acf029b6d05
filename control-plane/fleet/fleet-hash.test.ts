import fc from 'fast-check'
import t from 'tap'
import { anyState } from '#test/support/arbitraries/journals.ts'
import { Fleet } from './fleet.ts'
import { fleetHash } from './fleet-hash.ts'

t.test('a fleet has the same hash in whatever order its beliefs and their keys are', async () => {
  fc.assert(
    fc.property(anyState, (state) => {
      const turned = <T extends object>(items: readonly T[] = []) =>
        items.toReversed().map((item) => Object.fromEntries(Object.entries(item).reverse()) as T)
      const { nodes, instances, foreign, orders, settings } = state
      const other = {
        ...state,
        nodes: turned(nodes),
        instances: turned(instances),
        foreign: turned(foreign),
        orders: turned(orders),
        settings: turned(settings),
      }
      return fleetHash(state) === fleetHash(other)
    }),
  )
})

t.test('any difference of a belief makes another hash', async (t) => {
  fc.assert(
    fc.property(
      anyState.filter(({ instances }) => instances.length > 0),
      (state) => {
        const [first, ...others] = state.instances
        if (!first) return false
        const moved = { ...first, spec: { ...first.spec, port: first.spec.port + 1 } }
        const hashes = [state.instances, others, [moved, ...others]].map((instances) =>
          fleetHash({ ...state, instances }),
        )
        return new Set(hashes).size === 3
      },
    ),
  )
  t.not(
    fleetHash(new Fleet().state()),
    fleetHash({ ...new Fleet().state(), installation: { frozen: undefined, holds: new Map(), revision: 1 } }),
  )
})
