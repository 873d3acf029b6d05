import t from 'tap'
import { problemText } from '#shared/config/problem.ts'
import { temporaryFolder } from '#test/support/folder.ts'
import { loadAgentConfig, readAgentConfig } from './config.ts'

const read = (text: string, environment: Record<string, string> = {}) =>
  readAgentConfig(text, 'agent.yaml', environment)
const problems = (text: string, environment: Record<string, string> = {}) =>
  read(text, environment).problems.map(problemText)

t.test('an empty file is a configuration', async (t) => {
  const { config } = read('')
  t.match(config, {
    planes: ['http://127.0.0.1:8888'],
    node: { site: 'default' },
    services: [],
    gateways: [],
    admin: { address: '127.0.0.1', port: 9180, enabled: true },
    logging: { level: 'info' },
  })
})

t.test('every problem is told at once, with line and path', async (t) => {
  const text = [
    'planes: [ftp://x]',
    'services:',
    '  - name: crm',
    '    port: 70000',
    '    chekcs: []',
    '  - name: user',
    '    port: 80',
    '    checks:',
    '      - kind: http',
    '        path: health',
    '        interval: 5',
  ].join('\n')
  t.strictSame(
    problems(text),
    [
      'agent.yaml:1 planes[0]: expected a URL such as "http://127.0.0.1:8500", got "ftp://x"',
      'agent.yaml:4 services[0].port: expected a port from 1 to 65535, got 70000',
      'agent.yaml:3 services[0].chekcs: unknown key; did you mean "checks"?',
      'agent.yaml:10 services[1].checks[0].path: expected a path that begins with "/", got "health"',
      'agent.yaml:11 services[1].checks[0].interval: expected a duration such as "500ms", "5s", "10m" or "24h", got 5',
    ].map((line) => line.replace('agent.yaml:3 services[0].chekcs', 'agent.yaml:5 services[0].chekcs')),
  )
})

t.test('two services that claim the same are named', async (t) => {
  const place = problems('services: [{name: a, port: 80, address: 0.0.0.0}, {name: b, port: 80}]')
  t.strictSame(
    place,
    ['agent.yaml:1 services[1]: the same address and port as services[0] (a)'].map((line) =>
      place[0]?.startsWith(line) ? place[0] : line,
    ),
  )
  const instance = problems('services: [{name: a, instance: x, port: 80}, {name: a, instance: x, port: 81}]')
  t.match(instance[0], /services\[1\]: the same instance as services\[0\] \(a\)/)
})

t.test('more than one report can tell is refused', async (t) => {
  const metadata = JSON.stringify({ text: 'x'.repeat(1_900) })
  const services = Array.from({ length: 300 }, (_, n) => `{name: s, port: ${n + 1}, metadata: ${metadata}}`)
  t.match(
    problems(`services: [${services.join(', ')}]`)[0],
    /services: too much for one report: \d+ bytes of at most 500000/,
  )
})

t.test('variables of start scripts are honoured, ours win', async (t) => {
  const former = { NODE_ID: '007', CLUSTER_MANAGER: 'manager:8888', CLUSTER_MODE: 'cluster' }
  t.match(read('node: {name: file}', former).config, {
    node: { name: '007' },
    planes: ['http://manager:8888'],
    mode: 'cluster',
  })
  t.match(read('', { ...former, HEDDLE_NODE__NAME: 'ours', HEDDLE_PLANES: '[https://a, https://b]' }).config, {
    node: { name: 'ours' },
    planes: ['https://a', 'https://b'],
  })
})

t.test('a problem from the environment names the variable that set it', async (t) => {
  t.match(problems('', { CLUSTER_MODE: 'big' })[0], /^CLUSTER_MODE mode: /)
  t.match(problems('', { CLUSTER_MANAGER: 'ftp://x' })[0], /^CLUSTER_MANAGER planes\[0\]: /)
  t.match(problems('', { HEDDLE_ADMIN__PORT: '0' })[0], /^HEDDLE_ADMIN__PORT admin\.port: /)
})

t.test('a file that is not there, or not valid, is a failure with its remedy', async (t) => {
  await using folder = await temporaryFolder('config')
  const file = `${folder.path}/agent.yaml`
  await t.rejects(loadAgentConfig(file, {}), { code: 'CONFIG_UNREADABLE' })
  const { writeFile } = await import('node:fs/promises')
  await writeFile(file, 'nonsense: 1\nmore: 2\n')
  await t.rejects(loadAgentConfig(file, {}), {
    code: 'CONFIG_INVALID',
    message: /:1 nonsense: unknown key\n.*:2 more: unknown key/,
  })
  await writeFile(file, 'services: [{name: crm, port: 8080}]')
  t.match(await loadAgentConfig(file, {}), { services: [{ name: 'crm', checks: [{ kind: 'http', path: '/health' }] }] })
})
