import t from 'tap'
import { toldByTree } from './tree.ts'

const fieldsOf = (told: readonly { readonly field: string; readonly value: unknown }[]) =>
  Object.fromEntries(told.map(({ field, value }) => [field, value]))

t.test('beside a part for the node, what others may mean too is not taken for its own', async (t) => {
  const { nodes, installation, notes } = toldByTree(
    'name: production\nport: 8888\nsite: tencent\nnode_config: {node_id: n, port: 80}\nheartbeat_interval: 10s\n',
    'a.yaml',
  )
  t.strictSame(
    nodes.map(({ told, services }) => [fieldsOf(told), ...services.map((service) => fieldsOf(service.told))]),
    [[{ site: 'tencent', node: 'n' }, { port: 80 }]],
  )
  t.strictSame(fieldsOf(installation), { heartbeat: 10_000 })
  t.strictSame(
    notes.map(({ source }) => source.key),
    ['name', 'port'],
  )
})

t.test('a file without a part for the node is about one node', async (t) => {
  const { nodes } = toldByTree('node_id: n\nname: 节点\nport: 80\n', 'a.yaml')
  t.strictSame(
    nodes.map(({ told, services }) => [fieldsOf(told), ...services.map((service) => fieldsOf(service.told))]),
    [[{ node: 'n', name: '节点' }, { port: 80 }]],
  )
})

t.test('services may be names, ports by names, or settings', async (t) => {
  const { nodes, notes } = toldByTree('node_id: n\nservices: [crm, {name: ai, port: 81, colour: blue}]\n', 'a.yaml')
  t.strictSame(
    nodes.flatMap(({ services }) => services.map(({ told }) => fieldsOf(told))),
    [{ service: 'crm' }, { service: 'ai', port: 81 }],
  )
  t.match(notes, [{ source: { line: 2, key: 'services[1].colour' }, message: /no such setting of a service/ }])
  const byName = toldByTree('node_id: n\nservices: {crm: 80, ai: {port: 81}}\n', 'a.yaml')
  t.strictSame(
    byName.nodes.flatMap(({ services }) => services.map(({ told }) => fieldsOf(told))),
    [
      { service: 'crm', port: 80 },
      { service: 'ai', port: 81 },
    ],
  )
})

for (const { text, problem } of [
  { text: 'a: 1\na: 2', problem: { source: { line: 2 }, message: /unique/ } },
  { text: 'just a text', problem: { message: 'expected keys with values, or a list of nodes' } },
  { text: 'nodes: [[1]]', problem: { source: { key: 'nodes[0]' }, message: 'expected a node: keys with values' } },
  { text: 'sites: [{nodes: []}]', problem: { source: { key: 'sites[0]' }, message: 'a site needs a name' } },
  {
    text: 'sites: {tencent: 1}',
    problem: { source: { key: 'sites.tencent' }, message: 'expected the nodes of the site' },
  },
]) {
  t.test(`${text.replace('\n', ' ')} is a problem`, async (t) => {
    t.match(toldByTree(text, 'a.yaml').problems, [problem])
  })
}

t.test('a file whose parts hold themselves comes to an end', async (t) => {
  for (const text of [
    'cluster: &x {cluster: *x, node_id: n}',
    'nodes: &x [*x]',
    'sites: &x {a: *x}',
    'services: &x {a: *x}',
  ]) {
    t.ok(toldByTree(text, 'a.yaml'), text)
  }
})
