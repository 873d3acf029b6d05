import fc from 'fast-check'
import t from 'tap'
import { pathCases, pathRoutes } from '#test/support/routing/path-cases.ts'
import { plainRoute } from '#test/support/routing/route-tables.ts'
import { decide } from './decide.ts'

for (const { target, becomes } of pathCases) {
  await t.test(`${target} becomes ${becomes}`, async (t) => {
    const decision = decide({ routes: pathRoutes }, { method: 'GET', target })
    t.equal(decision.kind === 'routed' ? `${decision.route.name} ${decision.target}` : decision.kind, becomes)
  })
}

const part = fc.constantFrom('a', 'b', 'ab', '.', '..', '', 'c%7Ed', '%2e%2E')
const path = fc.array(part, { maxLength: 6 }).map((parts) => `/${parts.join('/')}`)
const routes = ['/a/b', '/ab', '/a', '/b'].map((prefix) => plainRoute(prefix, prefix, { name: prefix, path: 'strip' }))

await t.test('no path leaves its prefix: what an instance sees has no parts that lead upwards', async (t) => {
  const property = fc.property(path, (target) => {
    const decision = decide({ routes }, { method: 'GET', target })
    if (decision.kind !== 'routed') return
    const clean = decision.target.startsWith('/') && !/\/\/|\/\.\.?(\/|$)/.test(decision.target)
    if (!clean) throw new Error(decision.target)
    // What is seen below the prefix is decided alike when it is asked for directly.
    const own = decision.route.name + (decision.target === '/' ? '' : decision.target)
    const again = decide({ routes }, { method: 'GET', target: own })
    if (again.kind !== 'routed') throw new Error(`${decision.route.name} does not take its own ${decision.target}`)
  })
  t.doesNotThrow(() => fc.assert(property))
})
