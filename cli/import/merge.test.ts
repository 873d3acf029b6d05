import fc from 'fast-check'
import t from 'tap'
import { contradictionText, merge } from './merge.ts'
import { readFormer } from './read-former.ts'
import type { Statement } from './statement.ts'

const files = (texts: Readonly<Record<string, string>>, ...prefer: readonly string[]) =>
  merge(
    Object.entries(texts).flatMap(([file, text]) => readFormer(text, file).statements),
    prefer,
  )

const two = {
  'a.yaml':
    'cluster_manager_url: http://10.0.0.2:8888\nnode_config: {node_id: n, port: 8080}\nheartbeat_interval: 30\nload_balancer: round_robin\n',
  'b.yaml':
    'heartbeat_interval: "30s"\nload_balancer: round-robin\ncluster_manager_url: http://10.0.0.3:8888\nnode_config: {node_id: n, port: "8081"}\n',
}

t.test('two spellings of one thing are no contradiction, two things are, each with its places', async (t) => {
  const { merged, contradictions } = files(two)
  t.strictSame(contradictions.map(contradictionText), [
    'manager of the installation: a.yaml:1 cluster_manager_url says http://10.0.0.2:8888; b.yaml:3 cluster_manager_url says http://10.0.0.3:8888',
    'port of basic-server of node n: a.yaml:2 node_config.port says 8080; b.yaml:4 node_config.port says 8081',
  ])
  t.equal(merged.installation.get('heartbeat'), 30_000)
  t.notOk(merged.installation.has('manager'), 'nobody wins by himself')
})

t.test('a preferred file settles what it speaks of', async (t) => {
  const { merged, contradictions } = files(two, 'b.yaml')
  t.strictSame(contradictions, [])
  t.equal(merged.installation.get('manager'), 'http://10.0.0.3:8888')
  t.equal(merged.nodes.get('n')?.services.get('basic-server')?.get('port'), 8081)
  t.equal(files({ ...two, 'c.yaml': 'cluster_mode: production' }, 'c.yaml').contradictions.length, 2)
})

t.test('two services at one port of a node, and two nodes at one address, are named', async (t) => {
  const one = files({ 'a.yaml': 'node_id: n\nservices:\n  - {name: crm, port: 8080}\n  - {name: user, port: 8080}\n' })
  t.strictSame(one.contradictions.map(contradictionText), [
    'claimed by of port 8080 of node n: a.yaml:3 services[0].port says crm of node n; a.yaml:4 services[1].port says user of node n',
  ])
  const twins = 'host,node,port,service\n10.0.0.1,a,8080,crm\n10.0.0.1,b,8080,crm\n'
  t.match(files({ 'a.csv': twins }).contradictions, [{ subject: 'port 8080 of 10.0.0.1' }])
})

const statement = fc.record({
  subject: fc.constantFrom({ kind: 'installation' as const }, { kind: 'node' as const, node: 'n' }),
  field: fc.constantFrom('manager', 'site'),
  value: fc.constantFrom('x', 'y'),
  source: fc.record({ file: fc.constantFrom('a', 'b'), key: fc.constant('k') }),
})

t.test('every field is either settled or a contradiction, whatever the order of the files', async (t) => {
  const count = (all: readonly Statement[]) => {
    const { merged, contradictions } = merge(all, [])
    const settled =
      merged.installation.size + [...merged.nodes.values()].reduce((sum, { fields }) => sum + fields.size, 0)
    return [settled, contradictions.length] as const
  }
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(fc.array(statement), (all) => {
        const fields = new Set(all.map(({ subject, field }) => `${subject.kind} ${field}`))
        const [settled, contradicting] = count(all)
        return (
          settled + contradicting === fields.size && count(all.toReversed()).join() === `${settled},${contradicting}`
        )
      }),
    ),
  )
})
