import fc from 'fast-check'
import t from 'tap'
import { readFormer } from './read-former.ts'
import { sourceText, subjectText } from './statement.ts'

const lines = (text: string, file = 'cluster.yaml') =>
  readFormer(text, file).statements.map(
    ({ subject, field, value, source }) => `${subjectText(subject)}: ${field} ${value} (${sourceText(source)})`,
  )

t.test('a former cluster file says what it says, with file, line and key', async (t) => {
  const text = [
    'cluster_manager_url: "http://10.0.0.2:8888"',
    'node_config:',
    '  node_id: "zervi-basic-001"',
    '  node_type: worker',
    '  host: 0.0.0.0',
    '  port: "8080"',
    '  site: 腾讯云',
    'heartbeat_interval: 30',
    'load_balancer:',
    '  strategy: round-robin',
    'colour: blue',
  ].join('\n')
  t.strictSame(lines(text), [
    'the installation: manager http://10.0.0.2:8888 (cluster.yaml:1 cluster_manager_url)',
    'the installation: heartbeat 30000 (cluster.yaml:8 heartbeat_interval)',
    'the installation: balance round_robin (cluster.yaml:10 load_balancer.strategy)',
    'node zervi-basic-001: site 腾讯云 (cluster.yaml:7 node_config.site)',
    'basic-server of node zervi-basic-001: port 8080 (cluster.yaml:6 node_config.port)',
  ])
  t.match(readFormer(text, 'cluster.yaml').notes, [
    { source: { line: 5, key: 'node_config.host' } },
    { source: { line: 11, key: 'colour' }, message: /not imported/ },
    { message: /taken for basic-server/ },
  ])
})

for (const { what, file, text, said } of [
  {
    what: 'an inventory by sites',
    file: 'inventory.yaml',
    text: 'sites:\n  腾讯云:\n    - {node_id: t-1, host: 10.0.0.1, service: crm, port: 8080}\n  阿里云:\n    nodes:\n      a-1: {host: 10.1.0.1}\n',
    said: [
      'node t-1: site 腾讯云 (inventory.yaml:2 sites.腾讯云)',
      'node t-1: address 10.0.0.1 (inventory.yaml:3 sites.腾讯云[0].host)',
      'node a-1: site 阿里云 (inventory.yaml:4 sites.阿里云)',
      'node a-1: address 10.1.0.1 (inventory.yaml:6 sites.阿里云.nodes.a-1.host)',
      'crm of node t-1: port 8080 (inventory.yaml:3 sites.腾讯云[0].port)',
    ],
  },
  {
    what: 'an inventory as a list in JSON',
    file: 'inventory.json',
    text: '[{"site": "tencent", "name": "节点一", "ip": "10.0.0.1",\n "services": [{"name": "crm", "port": "8080"}, {"name": "user", "port": 8081}]}]',
    said: [
      'node 节点一: site tencent (inventory.json:1 [0].site)',
      'node 节点一: name 节点一 (inventory.json:1 [0].name)',
      'node 节点一: address 10.0.0.1 (inventory.json:1 [0].ip)',
      'crm of node 节点一: port 8080 (inventory.json:2 [0].services[0].port)',
      'user of node 节点一: port 8081 (inventory.json:2 [0].services[1].port)',
    ],
  },
  {
    what: 'an inventory as a table',
    file: 'inventory.csv',
    text: '站点,节点,主机,端口,服务\n腾讯云,t-1,10.0.0.1,8080,crm\n',
    said: [
      'node t-1: site 腾讯云 (inventory.csv:2 站点)',
      'node t-1: address 10.0.0.1 (inventory.csv:2 主机)',
      'crm of node t-1: port 8080 (inventory.csv:2 端口)',
    ],
  },
  {
    what: 'settings in parts',
    file: 'a.yaml',
    text: 'cluster:\n  manager_url: m:8888\nheartbeat: {interval: 10s, timeout: "60"}\nhealth_check: {interval: 5, path: /api/health}\nnode_config: {node_id: n, port: 1}\n',
    said: [
      'the installation: manager http://m:8888 (a.yaml:2 cluster.manager_url)',
      'the installation: heartbeat 10000 (a.yaml:3 heartbeat.interval)',
      'the installation: lifetime 60000 (a.yaml:3 heartbeat.timeout)',
      'node n: check_interval 5000 (a.yaml:4 health_check.interval)',
      'basic-server of node n: check_path /api/health (a.yaml:4 health_check.path)',
      'basic-server of node n: port 1 (a.yaml:5 node_config.port)',
    ],
  },
]) {
  t.test(`${what} is read`, async (t) => t.strictSame(lines(text, file), said))
}

t.test('what is wrong is told with its place, and keeps nothing back', async (t) => {
  const { problems } = readFormer('node_config:\n  node_id: n\n  port: eighty\nheartbeat_interval: soon\n', 'a.yaml')
  t.match(problems, [
    { source: { file: 'a.yaml', line: 3, key: 'node_config.port' }, message: /got "eighty"/ },
    { source: { line: 4, key: 'heartbeat_interval' } },
  ])
  t.match(readFormer('node_config: {port: 1}', 'a.yaml').problems, [{ message: /needs a node_id/ }])
  t.match(readFormer('port: 1\nport: 2\nnode_id: n', 'a.yaml').problems, [{ source: { line: 2 }, message: /unique/ }])
  t.match(readFormer('just a text', 'a.yaml').problems, [{ message: /expected keys/ }])
})

t.test('no text makes it throw', async (t) => {
  const file = fc.constantFrom('a.yaml', 'a.json', 'a.csv')
  const text = fc.oneof(fc.string(), fc.json())
  t.doesNotThrow(() =>
    fc.assert(fc.property(text, file, (text, file) => Array.isArray(readFormer(text, file).statements))),
  )
})
