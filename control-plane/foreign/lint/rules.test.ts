import t from 'tap'
import type { Facts } from './facts.ts'
import { findings } from './judge.ts'
import { rules } from './rules.ts'

const day = 86_400_000
const check = {
  node: 'web-1',
  id: 'service:crm-1',
  name: 'HTTP on 8080',
  status: 'passing',
  notes: '',
  output: '',
  serviceId: 'crm-1',
  serviceName: 'crm',
  serviceTags: [],
  index: 1,
  kind: 'tcp',
  target: '10.0.0.1:8080',
}
/** Nothing is wrong with it. */
const fine: Facts = {
  record: {
    node: 'web-1',
    nodeAddress: '10.0.0.1',
    nodeMeta: {},
    id: 'crm-1',
    service: 'crm',
    address: '10.0.0.1',
    port: 8080,
    tags: ['looma', 'python'],
    meta: { port: '8080', version: '1' },
    weight: 1,
    index: 1,
    kind: '',
  },
  checks: [check],
  address: '10.0.0.1',
  unreached: undefined,
  criticalMs: 0,
  namesakes: [],
}
const record = (over: Partial<Facts['record']>): Partial<Facts> => ({ record: { ...fine.record, ...over } })

// Each row: what differs from a record with which nothing is wrong, and what is found then.
for (const { name, facts, rule, why } of [
  { name: 'is as it should be', facts: {}, rule: undefined },
  { name: 'refuses connections', facts: { unreached: 'refused' }, rule: 'phantom', why: '10.0.0.1:8080 refuses' },
  { name: 'does not answer', facts: { unreached: 'timeout' }, rule: 'phantom', why: 'does not answer' },
  { name: 'has no check', facts: { checks: [] }, rule: 'no-check', why: 'no check' },
  { name: 'has tags in one', facts: record({ tags: ['looma,python'] }), rule: 'comma-joined-tag', why: 'looma,python' },
  { name: 'has two tags with commas', facts: record({ tags: ['a,b', 'c'] }), rule: undefined },
  {
    name: 'asks Redis over HTTP, as its kind says',
    facts: { ...record({ port: 6379, meta: {} }), checks: [{ ...check, kind: 'http' }] },
    rule: 'http-check-on-database',
    why: 'service:crm-1 asks over HTTP what is Redis',
  },
  {
    name: 'asks MySQL over HTTP, as only its output says',
    facts: { ...record({ service: 'mysql' }), checks: [{ ...check, kind: '', output: 'HTTP GET http://x: EOF' }] },
    rule: 'http-check-on-database',
    why: 'mysql',
  },
  { name: 'asks PostgreSQL by TCP', facts: record({ port: 5432, meta: {} }), rule: undefined },
  {
    name: 'is at a loopback address',
    facts: record({ address: '127.0.0.1' }),
    rule: 'loopback-address',
    why: '127.0.0.1',
  },
  { name: 'has no address of its own', facts: record({ address: '' }), rule: undefined },
  {
    name: 'has none on a node at a loopback address',
    facts: record({ address: '', nodeAddress: '::1' }),
    rule: 'loopback-address',
    why: '::1',
  },
  { name: 'tells another port', facts: record({ meta: { port: '9999' } }), rule: 'stale-port', why: 'port 9999' },
  { name: 'tells another port by another key', facts: record({ meta: { service_port: '1' } }), rule: 'stale-port' },
  { name: 'tells another port of something else', facts: record({ meta: { metrics_port: '1' } }), rule: undefined },
  { name: 'was critical for two days', facts: { criticalMs: 2 * day }, rule: 'critical-for-long', why: '2 days' },
  { name: 'was critical for an hour', facts: { criticalMs: day / 24 }, rule: undefined },
  { name: 'shares its id', facts: { namesakes: ['web-2', 'web-3'] }, rule: 'shared-id', why: 'web-2, web-3' },
] satisfies readonly { name: string; facts: Partial<Facts>; rule: string | undefined; why?: string }[]) {
  t.test(`a record that ${name}: ${rule ?? 'nothing found'}`, async (t) => {
    const found = findings([{ ...fine, ...facts }], { criticalForMs: day })
    t.strictSame(
      found.map((finding) => finding.rule),
      rule === undefined ? [] : [rule],
    )
    if (why !== undefined) t.match(found, [{ why: new RegExp(why.replaceAll('.', '\\.')), remedy: /^[A-Z].*\.$/ }])
  })
}

t.test('findings come in the order of nodes and ids, those of one record in the order of the rules', async (t) => {
  const bad = { checks: [], unreached: 'refused' } as const
  const all = [
    { ...fine, ...bad, ...record({ id: 'b' }) },
    { ...fine, ...bad, ...record({ id: 'a' }) },
  ]
  const found = findings([...all, { ...fine, ...bad, ...record({ node: 'db-1', id: 'z' }) }], { criticalForMs: day })
  t.strictSame(
    found.map(({ node, id, rule }) => `${node} ${id} ${rule}`),
    ['db-1 z phantom', 'db-1 z no-check', 'web-1 a phantom', 'web-1 a no-check', 'web-1 b phantom', 'web-1 b no-check'],
  )
})

t.test('each rule has a name of its own', async (t) => {
  t.equal(new Set(rules.map(({ name }) => name)).size, rules.length)
})
