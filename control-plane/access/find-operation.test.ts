import fc from 'fast-check'
import t from 'tap'
import { askedOf, OperationTable, plainTarget } from './find-operation.ts'
import { matrix } from './matrix.ts'

t.test('everybody behind the guard reads the path that it has read', async (t) => {
  const read: readonly (readonly [given: string, read: string | undefined])[] = [
    ['/v1/nodes?x=1', '/v1/nodes?x=1'],
    ['/cluster/nodes/%E4%B8%AD%2F', '/cluster/nodes/%E4%B8%AD%2F'],
    ['/v1/instances/a:b@c', '/v1/instances/a:b@c'],
    // A proxy may write the whole address.
    ['http://plane:8888/v1/nodes?x=1', '/v1/nodes?x=1'],
    ['HTTPS://plane', '/'],
    ['https://plane?x', '/?x'],
    // Where one reader ends the path, or begins the next part of it, another one goes on.
    ['/v1/nodes/x#/desired', undefined],
    ['/v1/nodes?x=#', undefined],
    ['/v1/nodes/..\\..\\audit', undefined],
    ['/v1/nodes/../audit', undefined],
    ['/v1/nodes/%2e%2E/audit', undefined],
    ['/v1/./nodes', undefined],
    ['/v1/nodes/\u4e2d', undefined],
    ['/v1/nodes\u00a0', undefined],
    ['/v1/nodes x', undefined],
    ['http://x\\v1\\tokens', '/'],
    ['ftp://plane/v1/nodes', undefined],
    ['http:/v1/nodes', undefined],
    ['*', undefined],
    ['', undefined],
  ]
  for (const [given, wanted] of read) t.equal(plainTarget(given), wanted, JSON.stringify(given))
  t.equal(plainTarget(undefined), '/')
})

t.test('a path with a part of dots alone is read by nobody, wherever that stands', async (t) => {
  const part = fc.constantFrom(
    '',
    '.',
    '..',
    '...',
    '%2e',
    '%2E.',
    '.%2e',
    '%2e%2e%2e',
    'a',
    '.a',
    'a.',
    'a..b',
    '%2ea',
  )
  const isDots = (each: string) => /^(?:\.|%2e){1,2}$/i.test(each)
  const property = fc.property(fc.array(part, { minLength: 1 }), fc.constantFrom('', '?', '?../'), (parts, query) => {
    const url = `/${parts.join('/')}${query}`
    return plainTarget(url) === (parts.some(isDots) ? undefined : url)
  })
  t.doesNotThrow(() => fc.assert(property, { numRuns: 2_000 }))
})

t.test('a path in other letters is never let through by the row of another one', async (t) => {
  // The router of /v1 does not mind the letters' case, as that of /cluster does: what it answers must not need more than what was looked up.
  const table = new OperationTable(matrix)
  for (const operation of matrix.filter(({ path }) => !path.startsWith('/cluster/'))) {
    const segments = operation.path.split('/').map((word) => (word.startsWith(':') ? 'x' : word))
    for (const [index, word] of segments.entries()) {
      if (word === '' || word === 'x') continue
      const url = segments.with(index, word.toUpperCase()).join('/')
      const found = table.find(askedOf({ method: operation.method, url }))
      const alike = !found || (found.needs === operation.needs && found.tenant === operation.tenant)
      t.ok(alike, `${operation.method} ${url} is not ${found?.path}`)
    }
  }
})
