import fc from 'fast-check'
import t from 'tap'
import type { Route } from '../table.ts'
import { decide } from './decide.ts'
import { pathCases, pathRoutes } from './path-cases.ts'

for (const { target, becomes } of pathCases) {
  await t.test(`${target} becomes ${becomes}`, async (t) => {
    const decision = decide({ routes: pathRoutes }, target)
    t.equal(decision.kind === 'routed' ? `${decision.service} ${decision.target}` : decision.kind, becomes)
  })
}

const part = fc.constantFrom('a', 'b', 'ab', '.', '..', '', 'c%7Ed', '%2e%2E')
const path = fc.array(part, { maxLength: 6 }).map((parts) => `/${parts.join('/')}`)
const routes: readonly Route[] = ['/a/b', '/ab', '/a', '/b'].map((prefix) => ({
  name: prefix,
  prefix,
  path: 'strip',
  service: prefix,
  timeoutMs: 1,
  retries: 0,
  source: '',
}))

await t.test('no path leaves its prefix: what an instance sees has no parts that lead upwards', async (t) => {
  const property = fc.property(path, (target) => {
    const decision = decide({ routes }, target)
    if (decision.kind !== 'routed') return
    const clean = decision.target.startsWith('/') && !/\/\/|\/\.\.?(\/|$)/.test(decision.target)
    if (!clean) throw new Error(decision.target)
    // What is seen below the prefix is decided alike when it is asked for directly.
    const again = decide({ routes }, decision.service + (decision.target === '/' ? '' : decision.target))
    if (again.kind !== 'routed') throw new Error(`${decision.service} does not take its own ${decision.target}`)
  })
  t.doesNotThrow(() => fc.assert(property))
})
