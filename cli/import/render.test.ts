import t from 'tap'
import { readAgentConfig } from '#agent/config.ts'
import { PlaneConfig } from '#control-plane/config.ts'
import { DeclarationFile } from '#control-plane/routing/declaration/schema.ts'
import { durationText } from '#shared/config/effective.ts'
import { readConfig } from '#shared/config/read.ts'
import { merge } from './merge.ts'
import { readFormer } from './read-former.ts'
import { render } from './render.ts'

const rendered = (texts: Readonly<Record<string, string>>) =>
  render(
    merge(
      Object.entries(texts).flatMap(([file, text]) => readFormer(text, file).statements),
      [],
    ).merged,
  )

const cluster = [
  'cluster_manager_url: http://10.0.0.2:8888',
  'cluster_mode: production',
  'node_config: {node_id: zervi-1, node_name: 阿里云一号, port: "8080", cluster_id: zervigo, service_name: basic-server, weight: 50}',
  'health_check: {interval: 10, timeout: 90s, path: /api/health}',
  'heartbeat_timeout: 3600s',
  'load_balancing: least-connections',
].join('\n')
const inventory =
  '站点,节点,主机,端口,服务,类型\n腾讯云,节点/一,10.0.0.1,9001,looma-user-api,user-service\n腾讯云,节点 一,10.0.0.2,,,\n'

t.test('a service that is left out for want of a port is told', async (t) => {
  const { files, advice } = rendered({
    'a.yaml':
      'cluster_manager_url: http://127.0.0.1:8888\nnode_config: {node_id: n1}\nservices: [{name: auth, port: 8207}, {name: crm, version: 2}]\n',
  })
  t.strictSame(advice, ['crm of node n1 is left out: no file tells its port.'])
  t.notMatch(files.find(({ path }) => path === 'agents/n1.yaml')?.content, /crm/)
})

t.test('what was imported is what the programs themselves take for a configuration', async (t) => {
  const { files, advice } = rendered({ 'cluster.yaml': cluster, 'inventory.csv': inventory })
  t.strictSame(
    files.map(({ path }) => path),
    [
      'agents/zervi-1.yaml',
      'agents/节点-一-2.yaml',
      'agents/节点-一.yaml',
      'control-plane.yaml',
      'routes/services.yaml',
    ],
  )
  const agents = files
    .filter(({ path }) => path.startsWith('agents/'))
    .map(({ path, content }) => readAgentConfig(content, path, {}))
  t.strictSame(
    agents.flatMap(({ problems }) => problems),
    [],
  )
  t.match(agents[0]?.config, {
    mode: 'production',
    planes: ['http://10.0.0.2:8888'],
    node: { name: '阿里云一号', cluster: 'zervigo' },
    services: [
      {
        name: 'basic-server',
        port: 8080,
        weight: 50,
        checks: [{ kind: 'http', path: '/api/health', interval: 10_000, timeout: 60_000 }],
      },
    ],
  })
  t.match(agents[2]?.config, {
    node: { name: '节点/一', site: '腾讯云', address: '10.0.0.1' },
    services: [{ name: 'looma-user-api', type: 'user-service', port: 9001 }],
  })
  t.strictSame(agents[1]?.config?.services, [], 'a node without a port has nothing to check')
  const plane = readConfig(PlaneConfig, files[3]?.content ?? '', 'plane')
  t.match(plane, {
    problems: [],
    config: { api: { port: 8888 }, ingest: { clients: { heartbeat_lifetime: 3_600_000 } } },
  })
  const routes = readConfig(DeclarationFile, files[4]?.content ?? '', 'routes')
  t.match(routes, { problems: [], config: { services: { 'basic-server': { balance: 'least_request' } } } })
  t.match(advice, [/reach the plane at http:\/\/10\.0\.0\.2:8888/])
})

t.test('nothing of a manager is told, and asked for', async (t) => {
  const { files, advice } = rendered({ 'a.yaml': 'node_id: n' })
  t.match(advice, [/No file names the manager/])
  t.match(readAgentConfig(files[0]?.content ?? '', 'a', {}).config, { planes: ['http://127.0.0.1:8888'] })
})

for (const { ms, text } of [
  { ms: 5_000, text: '5s' },
  { ms: 300_000, text: '5m' },
  { ms: 90_000, text: '90s' },
  { ms: 1_500, text: '1500ms' },
  { ms: 86_400_000, text: '1d' },
]) {
  t.test(`${ms} ms are written as ${text}`, async (t) => t.equal(durationText(ms), text))
}
