import t from 'tap'
import { keyRow, listedServiceRow, namesIn, nodeContent, operationErrors, refusalOf } from './answers.ts'

for (const { what, kind } of [
  { what: 'failed to set node "a", index is stale', kind: 'stale' },
  { what: 'failed index check for key "k", current modify index 8 != 7', kind: 'stale' },
  { what: 'failed to check index, key "k" doesn\'t exist', kind: 'stale' },
  { what: 'Missing node registration', kind: 'missing' },
  { what: 'Missing service registration', kind: 'missing' },
  { what: 'Permission denied', kind: 'forbidden' },
  {
    what: "Permission denied: token with AccessorID 'x' lacks permission 'service:write' on \"crm\"",
    kind: 'forbidden',
  },
  { what: 'Invalid service address', kind: 'invalid' },
]) {
  await t.test(`"${what}" is ${kind}`, async (t) => t.equal(refusalOf(what), kind))
}

await t.test('errors keep the place of their operation', async (t) => {
  const answer = { Results: null, Errors: [{ OpIndex: 3, What: 'Invalid service address' }] }
  t.strictSame(operationErrors(answer), [{ index: 3, what: 'Invalid service address', kind: 'invalid' }])
  t.strictSame(operationErrors({ Results: [], Errors: null }), [])
})

await t.test('a node that is not there has no content', async (t) => {
  t.equal(nodeContent(null, []), undefined)
  t.equal(nodeContent({ Node: null, Services: {} }, []), undefined)
})

await t.test('fields that Consul leaves out are empty, not missing', async (t) => {
  const content = nodeContent(
    { Node: { Node: 'a', Meta: null }, Services: { x: { ID: 'x', Service: 's', Tags: null } } },
    null,
  )
  t.strictSame(content, {
    node: { name: 'a', address: '', meta: {}, index: 0 },
    services: [{ node: 'a', id: 'x', service: 's', address: '', port: 0, tags: [], meta: {}, weight: 1, index: 0 }],
    checks: [],
  })
})

await t.test('what is no record is an error', async (t) => {
  for (const answer of ['text', 7, undefined]) t.throws(() => keyRow(answer), TypeError)
})

await t.test('what should be texts and is not is left out', async (t) => {
  const row = {
    Node: 'a',
    ServiceID: 'x',
    ServiceTags: ['a', null, 7, ['b'], 'c'],
    ServiceMeta: { a: 'b', c: { d: 1 }, e: 7 },
  }
  t.match(listedServiceRow(row), { tags: ['a', 'c'], meta: { a: 'b' } })
  t.strictSame(Object.keys(listedServiceRow(row).meta), ['a'])
  t.strictSame(namesIn({ crm: ['a'], web: [] }), ['crm', 'web'])
  t.throws(() => namesIn('crm'), TypeError)
})
