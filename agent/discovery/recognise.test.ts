import fc from 'fast-check'
import t from 'tap'
import { knownPorts } from '#shared/config/known-ports.ts'
import type { Process } from '#shared/host/process.ts'
import type { Verdict } from '#shared/protocol/check.ts'
import { reason } from '#shared/protocol/reason.ts'
import { isAgent, isPlane, knownPrograms } from './programs.ts'
import { type Evidence, recognise, serviceName } from './recognise.ts'

const ok: Verdict = { health: 'passing', reason: reason('ok') }
const notFound: Verdict = { health: 'passing', reason: reason('no_health_endpoint', { status: '404' }) }
const failing: Verdict = { health: 'critical', reason: reason('http_status', { status: '503' }) }
const process = (name: string, unit?: string): Process => ({ pid: 1, name, command: name, ...(unit ? { unit } : {}) })

const seen = (port: number, over: Partial<Evidence> = {}): Evidence => ({
  port,
  told: undefined,
  verdict: ok,
  process: undefined,
  cluster: undefined,
  ...over,
})

for (const { what, of, is } of [
  {
    what: 'its own word is certain, and the table adds what it knows of the name',
    of: seen(9999, { told: 'User Service' }),
    is: { service: 'user-service', type: 'user-service', cluster: 'zervigo', confidence: 'certain', role: 'service' },
  },
  {
    what: 'its own word counts however ill it is, and whatever its port says',
    of: seen(8081, { told: 'billing', verdict: failing }),
    is: { service: 'billing', confidence: 'certain', tags: [] },
  },
  {
    what: 'of several lines with its name the one of its port is taken',
    of: seen(8180, { told: 'basic-server' }),
    is: { service: 'basic-server', type: 'basic-server', cluster: 'zervigo', confidence: 'certain' },
  },
  {
    what: 'a name in Chinese is a name',
    of: seen(9999, { told: '用户 服务' }),
    is: { service: '用户-服务', confidence: 'certain' },
  },
  {
    what: 'a well-known port with a good answer is likely',
    of: seen(8083),
    is: { service: 'company-service', confidence: 'likely', tags: ['zervigo', 'company-service', 'go'] },
  },
  {
    what: 'a well-known port without a health page is only possible',
    of: seen(8083, { verdict: notFound }),
    is: { service: 'company-service', confidence: 'possible' },
  },
  {
    what: 'a well-known port with a bad answer is only possible',
    of: seen(8083, { verdict: failing }),
    is: { service: 'company-service', confidence: 'possible' },
  },
  {
    what: 'a port of several is possible, and each is named',
    of: seen(8081),
    is: {
      service: undefined,
      confidence: 'possible',
      evidence: ['port 8081 is that of user-service (zervigo)', 'port 8081 is that of client-b', /passing \(ok\)/],
    },
  },
  {
    what: 'a port of several with the unit of one of them is likely',
    of: seen(8081, { process: process('main', 'user-service.service') }),
    is: { service: 'user-service', confidence: 'likely' },
  },
  {
    what: 'a port of several on a node of one cluster is likely',
    of: seen(9000, { cluster: 'looma' }),
    is: { service: 'looma-api-gateway', cluster: 'looma', confidence: 'likely' },
  },
  {
    what: 'a database by its program is likely, wherever it listens',
    of: seen(13306, { process: process('mysqld') }),
    is: { service: 'mysql', role: 'database', confidence: 'likely' },
  },
  {
    what: 'the program of a copy of a unit names it',
    of: seen(9999, { process: process('server.js', 'crm@2.service') }),
    is: { service: 'crm', confidence: 'possible', evidence: ['its unit is crm@2.service', /passing/] },
  },
  {
    what: 'a script names it',
    of: seen(9999, { process: process('looma_crm.py') }),
    is: { service: 'looma_crm', confidence: 'possible' },
  },
  {
    what: 'a name that every other program has is none',
    of: seen(9999, { process: process('main.py') }),
    is: { service: undefined, confidence: 'unknown' },
  },
  { what: 'nothing is unknown', of: seen(9999), is: { service: undefined, confidence: 'unknown' } },
]) {
  t.test(what, async (t) => t.match(recognise(of, knownPorts), is))
}

t.test('a port alone is never certain, and who says his name always is', async (t) => {
  const verdict = fc.constantFrom(ok, notFound, failing)
  const program = fc.constantFrom(undefined, process('mysqld'), process('x.py', 'crm.service'))
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 65535 }),
        fc.option(fc.string({ minLength: 1, maxLength: 100, unit: 'grapheme' }), { nil: undefined }),
        verdict,
        program,
        (port, told, verdict, process) => {
          const { confidence, service } = recognise(seen(port, { told, verdict, process }), knownPorts)
          const named = told !== undefined && serviceName(told) !== undefined
          return (confidence === 'certain') === named && (!named || service !== undefined)
        },
      ),
    ),
  )
})

for (const { told, name } of [
  { told: 'User Service', name: 'user-service' },
  { told: ' crm ', name: 'crm' },
  { told: 'a/b', name: 'a-b' },
  { told: '---', name: undefined },
  { told: 'x'.repeat(200), name: 'x'.repeat(100) },
]) {
  t.test(`${JSON.stringify(told.slice(0, 20))} is routed as ${name?.slice(0, 20)}`, async (t) =>
    t.equal(serviceName(told), name),
  )
}

t.test('the control plane is known by its command, other programs are not taken for it', async (t) => {
  for (const command of [
    'node /usr/lib/heddle/control-plane/main.js /etc/heddle/plane.yaml',
    'node control-plane/main.ts plane.yaml',
    '/usr/bin/node /usr/bin/heddle-plane /etc/heddle/plane.yaml',
  ]) {
    t.ok(isPlane(command), command)
  }
  for (const command of ['node agent/main.ts a.yaml', 'node main.js', 'my-heddle-plane-copy x']) {
    t.notOk(isPlane(command), command)
  }
})

t.test('agents are known by their command, too', async (t) => {
  for (const command of [
    'node agent/main.ts agent.yaml',
    '/usr/bin/node /usr/bin/heddle-agent /etc/heddle/agent.yaml',
  ]) {
    t.ok(isAgent(command), command)
  }
  for (const command of ['node control-plane/main.ts a.yaml', 'node main.js', 'my-heddle-agent-copy x']) {
    t.notOk(isAgent(command), command)
  }
})

t.test('no program stands in the table twice', async (t) => {
  const names = knownPrograms.flatMap(({ names }) => names)
  t.equal(new Set(names).size, names.length)
})
