import { join } from 'node:path'
import t from 'tap'
import * as z from 'zod/mini'
import { duration, httpUrl, port } from './fields.ts'
import { problemText } from './problem.ts'
import { loadConfig, readConfig } from './read.ts'

const Config = z.strictObject({
  api: z._default(z.strictObject({ port: z._default(port(), 8888), host: z._default(z.string(), '127.0.0.1') }), {
    port: 8888,
    host: '127.0.0.1',
  }),
  check_every: z._default(duration(), 5_000),
  datacenters: z._default(z.array(z.strictObject({ name: z.string(), address: httpUrl() })), []),
})

const whole = { api: { port: 8888, host: '127.0.0.1' }, check_every: 5_000, datacenters: [] }

t.test('what is not said has its default', async (t) => {
  t.strictSame(readConfig(Config, '', 'f'), { config: whole, problems: [] })
})

t.test('the environment wins over the file, key by key', async (t) => {
  const text = 'api: {port: 1000, host: here}\ncheck_every: 10s\n'
  const environment = { HEDDLE_API__PORT: '2000', HEDDLE_CHECK_EVERY: '1m', HOME: '/root' }
  t.strictSame(readConfig(Config, text, 'f', environment).config, {
    ...whole,
    api: { port: 2000, host: 'here' },
    check_every: 60_000,
  })
})

t.test('a variable that belongs to another program of ours can be passed over', async (t) => {
  const environment = { HEDDLE_PLANE: 'http://127.0.0.1:8888' }
  t.match(readConfig(Config, '', 'f', environment).problems, [{ file: 'HEDDLE_PLANE', message: 'unknown key' }])
  t.strictSame(readConfig(Config, '', 'f', environment, ['plane']).problems, [])
})

t.test('every problem is told at once, with file and line, or with its variable', async (t) => {
  const text = `api:
  port: eighty
  hots: x
datacenters:
  - name: one
    address: here
  - address: http://127.0.0.1:8501
`
  const environment = { HEDDLE_CHECK_EVERY: 'soon', HEDDLE_API__HOST: '[a]' }
  const { config, problems } = readConfig(Config, text, 'plane.yaml', environment)
  t.equal(config, undefined)
  t.strictSame(problems.map(problemText), [
    'plane.yaml:2 api.port: expected a port from 1 to 65535, got "eighty"',
    'HEDDLE_API__HOST api.host: expected a text, got ["a"]',
    'plane.yaml:3 api.hots: unknown key; did you mean "host"?',
    'HEDDLE_CHECK_EVERY check_every: expected a duration such as "500ms", "5s", "10m" or "24h", got "soon"',
    'plane.yaml:6 datacenters[0].address: expected a URL such as "http://127.0.0.1:8500", got "here"',
    'plane.yaml:7 datacenters[1].name: required',
  ])
})

t.test('a problem inside a list from the environment names the variable', async (t) => {
  const environment = { HEDDLE_DATACENTERS: '[{name: one, address: here}]' }
  t.match(readConfig(Config, 'api: {}\n', 'f', environment).problems, [
    { file: 'HEDDLE_DATACENTERS', path: 'datacenters[0].address', line: undefined },
  ])
})

t.test('a file that is no YAML is told as that alone', async (t) => {
  t.match(readConfig(Config, 'api: [\nport: 1', 'f').problems, [{ file: 'f', path: '' }])
  t.strictSame(readConfig(Config, 'just words', 'f').problems.map(problemText), [
    'f:1 expected keys with values, got "just words"',
  ])
  t.match(readConfig(Config, '- api', 'f', { HEDDLE_CHECK_EVERY: '1s' }).problems, [{ file: 'f', line: 1, path: '' }])
})

t.test('a configuration is loaded from its file', async (t) => {
  const folder = t.testdir({ 'plane.yaml': 'api: {port: 9000}\n', 'bad.yaml': 'api: {port: 0}\nx: 1\n' })
  t.match(await loadConfig(Config, join(folder, 'plane.yaml'), {}), { api: { port: 9000 } })
  t.strictSame(await loadConfig(Config, undefined, {}), whole)
  const bad = join(folder, 'bad.yaml')
  await t.rejects(loadConfig(Config, bad, {}), {
    code: 'CONFIG_INVALID',
    message: `${bad}:1 api.port: expected a port from 1 to 65535, got 0\n${bad}:2 x: unknown key`,
    remedy: `Correct ${bad}.`,
  })
  await t.rejects(loadConfig(Config, undefined, { HEDDLE_X: '1' }), {
    code: 'CONFIG_INVALID',
    message: 'HEDDLE_X x: unknown key',
    remedy: 'Correct the environment.',
  })
})

t.test('a file that cannot be read is a failure with a cause', async (t) => {
  const folder = t.testdir({})
  const file = join(folder, 'nothing.yaml')
  await t.rejects(loadConfig(Config, file, {}), { code: 'CONFIG_UNREADABLE', cause: { code: 'ENOENT' } })
  await t.rejects(loadConfig(Config, folder, {}), { code: 'CONFIG_UNREADABLE' })
})
