import fc from 'fast-check'
import t from 'tap'
import { probeKinds } from '#shared/protocol/check.ts'
import { AgentConfig } from '../config.ts'
import { ServiceConfig } from './config.ts'
import { CheckConfig } from './kinds.ts'
import { planOf } from './plan.ts'
import { hasListener, isNamed, parseProcess, unitVerdict } from './process-verdict.ts'
import { mostResults, Results } from './results.ts'

const node = { id: 'n-aaaaaaaaaaaa', address: '10.0.0.7' }
const service = (more: object) => ServiceConfig.parse({ name: 'crm', port: 8081, ...more })
const commands = { disk: { run: ['/bin/check_disk', '-w', '10%'] } }

t.test('a command is what this host calls by that name, and nothing where it does not', async (t) => {
  const crm = service({ checks: [{ kind: 'command', command: 'disk' }] })
  const probe = (commands?: AgentConfig['commands']) => planOf(crm, { ...node, commands }).checks[0]?.probe
  t.match(probe(commands), { kind: 'command', command: 'disk', run: commands.disk.run })
  t.match(probe({}), { run: undefined })
  t.match(probe(), { run: undefined })
  const named = service({ checks: [{ kind: 'command', command: 'constructor' }] })
  t.match(planOf(named, { ...node, commands }).checks[0]?.probe, { run: undefined })
})

t.test('checks of the host are told to nobody', async (t) => {
  const checks = [{ kind: 'process', name: 'crm' }, { kind: 'redis' }, { kind: 'command', command: 'disk' }]
  const plan = planOf(service({ checks }), { ...node, commands })
  t.strictSame(
    plan.checks.map(({ probe }) => probe.kind),
    ['process', 'redis', 'command'],
  )
  t.strictSame(plan.spec.checks, [{ kind: 'redis', address: '10.0.0.7', port: 8081, timeoutMs: 2000 }])
})

t.test('every kind that a vantage can repeat can be configured, and the host has two of its own', async (t) => {
  const configurable = CheckConfig.def.options.flatMap(({ shape }) => [...shape.kind.def.values])
  t.strictSame(configurable.toSorted(), [...probeKinds, 'process', 'command'].toSorted())
})

for (const { type, port = 8081, kind } of [
  { kind: 'http' },
  { port: 5432, kind: 'postgresql' },
  { port: 3306, kind: 'mysql' },
  { port: 6379, kind: 'redis' },
  { port: 27017, kind: 'mongodb' },
  { port: 9200, kind: 'elasticsearch' },
  { port: 7474, kind: 'neo4j' },
  { type: 'PostgreSQL', kind: 'postgresql' },
  { type: 'mariadb', kind: 'mysql' },
  { type: 'valkey', kind: 'redis' },
  { type: 'grpc', kind: 'grpc' },
  { type: 'basic-server', port: 6379, kind: 'http' },
  { type: 'constructor', kind: 'http' },
]) {
  t.test(`a service ${type ? `of type ${type} ` : ''}on port ${port} is checked by ${kind}`, async (t) => {
    const { checks } = service({ port, ...(type === undefined ? {} : { type }) })
    t.match(checks, [{ kind, interval: 5_000, fall: 2 }])
    t.match(service({ port, type, checks: [{ kind: 'tcp' }] }).checks, [{ kind: 'tcp' }])
  })
}

t.test('what cannot be is refused with its place', async (t) => {
  const problem = (check: object, more: object = {}) => {
    const value = { services: [{ name: 'crm', port: 1, checks: [check] }], ...more }
    const { error } = AgentConfig.safeParse(value)
    return error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join()
  }
  t.equal(problem({ kind: 'command', command: 'disk' }), 'services.0.checks.0.command: no such command in `commands`')
  t.equal(problem({ kind: 'command', command: 'disk' }, { commands }), undefined)
  t.match(problem({ kind: 'command', command: 'disk', run: ['/bin/sh'] }, { commands }), /^services.0.checks.0:/)
  t.match(problem({ kind: 'tcp' }, { commands: { x: { run: ['sh'] } } }), /expected a program by its whole path/)
  t.match(problem({ kind: 'tcp' }, { commands: { x: { run: [] } } }), /commands.x.run/)
  t.match(problem({ kind: 'tcp' }, { commands: { 'a b': commands.disk } }), /commands/)
  t.match(problem({ kind: 'process', unit: 'a.service', name: 'a' }), /expected a unit alone/)
  t.match(problem({ kind: 'process', unit: '--user' }), /expected a unit/)
  t.match(problem({ kind: 'process', pid_file: 'pid' }), /expected a whole path/)
  t.match(problem({ kind: 'of-a-later-version' }), /services.0.checks.0/)
})

t.test('a process is read whatever it is called', async (t) => {
  const tail = 'S 1 1 1 0 -1 4194560 1 0 0 0 70 30 0 0 20 0 11 0 5555 1 1'
  for (const name of ['node', 'a b', 'x) S (y', ')']) {
    t.strictSame(parseProcess(`17 (${name}) ${tail}`), { name, state: 'S', startedAt: '5555' })
  }
  t.ok(isNamed({ name: 'a-name-of-fiftee', state: 'S', startedAt: '1' }, 'a-name-of-fifteen'.slice(0, 15)) === false)
  t.ok(isNamed({ name: 'a-name-of-fifte', state: 'S', startedAt: '1' }, 'a-name-of-fifteen-and-more'))
  fc.assert(
    fc.property(
      fc.string(),
      (text) => parseProcess(text) !== null && unitVerdict(text, { kind: 'process', port: 1, timeoutMs: 1 }) !== null,
    ),
  )
})

t.test('a listener is found by its port, in both families, and a mere connection is none', async (t) => {
  const tcp = [
    '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
    '   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0 100 0 0 10 0',
    ' 117: 0100007F:0050 0100007F:9C40 01 00000000:00000000 00:00000000 00000000     0        0 4712 1 0 100 0 0 10 0',
  ].join('\n')
  const tcp6 =
    '   0: 00000000000000000000000000000000:0051 00000000000000000000000000000000:0000 0A 0:0 00:0 0 0 0 4713 1 0 100 0 0'
  t.ok(hasListener(tcp, 8080))
  t.notOk(hasListener(tcp, 80))
  t.ok(hasListener(tcp6, 81))
  t.notOk(hasListener(tcp6, 0))
})

t.test('of its results a check keeps the last', async (t) => {
  const results = new Results()
  const verdict = { health: 'passing', reason: { code: 'ok' } } as const
  for (let at = 0; at < 3 * mostResults; at += 1) results.add({ at, verdict, tookMs: 1 })
  t.equal(results.newestFirst.length, mostResults)
  t.equal(results.newestFirst[0]?.at, 3 * mostResults - 1)
  t.equal(results.newestFirst.at(-1)?.at, 2 * mostResults)
})
