import fc from 'fast-check'
import t from 'tap'
import type { FileSet } from '../file-set.ts'
import { discoveryText, parseDiscovery, resourceTypes } from './discovery-file.ts'
import { resourceIn } from './resources.ts'
import { testResources } from './test-resources.ts'

type Clusters = Readonly<Record<string, 'good' | 'better' | 'bad'>>

const path = 'heddle-edge-cds.json'
const fileSet = (clusters: Clusters): FileSet =>
  new Map([
    [
      path,
      discoveryText({
        type: 'cluster',
        resources: new Map(
          Object.entries(clusters).map(([name, is]) => [name, { '@type': resourceTypes.cluster, name, is }]),
        ),
      }),
    ],
  ])
const clustersIn = (files: FileSet) =>
  [...(parseDiscovery(files.get(path) ?? '')?.resources ?? [])].map(([name, { is }]) => [name, is])

/** An Envoy that says which is bad, but not by its name. */
const picky = async (files: FileSet) =>
  clustersIn(files).some(([, is]) => is === 'bad') ? 'something is bad' : undefined

const anyClusters = (...kinds: ('good' | 'better' | 'bad')[]) =>
  fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'), fc.constantFrom(...kinds))

t.test('the guilty ones are found whichever they are; their last good stays, and all others are taken', async (t) => {
  await fc.assert(
    fc.asyncProperty(anyClusters('good', 'better', 'bad'), anyClusters('good'), async (wanted, lastGood) => {
      const tested = await testResources({ files: fileSet(wanted), quarantined: [] }, fileSet(lastGood), picky)
      if (tested.state !== 'fit') throw new Error('nothing was taken')
      const guilty = Object.keys(wanted).filter((name) => wanted[name] === 'bad')
      t.strictSame(tested.attempt.quarantined.map(({ resource = '' }) => resource).sort(), guilty.sort())
      const expected = Object.entries(wanted).flatMap(([name, is]) =>
        is !== 'bad' ? [[name, is]] : lastGood[name] ? [[name, lastGood[name]]] : [],
      )
      t.strictSame(clustersIn(tested.attempt.files).sort(), expected.sort())
    }),
  )
})

t.test('a good set costs one test', async (t) => {
  let tests = 0
  const test = async () => {
    tests += 1
    return undefined
  }
  t.match(await testResources({ files: fileSet({ a: 'good' }), quarantined: [] }, new Map(), test), { state: 'fit' })
  t.equal(tests, 1)
})

t.test('a last good set that is good no more does not make all of the new one guilty', async (t) => {
  const tested = await testResources(
    { files: fileSet({ a: 'good', b: 'bad', c: 'better' }), quarantined: [] },
    fileSet({ b: 'bad', c: 'good' }),
    picky,
  )
  if (tested.state !== 'fit') throw new Error('nothing was taken')
  t.match(tested.attempt.quarantined, [{ path, resource: 'b', error: 'something is bad' }])
  t.equal(resourceIn(tested.attempt.files, { path, resource: 'c' })?.is, 'better')
})

t.test('where whatever is tried is refused, the set is rejected', async (t) => {
  const test = async () => 'no memory'
  const tested = await testResources({ files: fileSet({ a: 'good' }), quarantined: [] }, new Map(), test)
  t.match(tested, { state: 'rejected', error: 'no memory' })
})
