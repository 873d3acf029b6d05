import t from 'tap'
import { AgentConfig } from '#agent/config.ts'
import { PlaneConfig } from '#control-plane/config.ts'
import { parseYaml } from '#shared/config/problem.ts'
import type { Process } from '#shared/host/process.ts'
import { claimsOf, kindOf, type Patient } from './claims.ts'
import { clockFinding, skewFinding } from './clock.ts'
import { collisionsAmong, collisionsWithListening, overlaps, unusualUses } from './collisions.ts'
import { examined } from './finding.ts'

function patient(file: string, text: string): Patient {
  const { value, lineOf } = parseYaml(text, file)
  const kind = kindOf(value)
  if (!kind) throw new Error(`${file} is none`)
  return { file, kind, value: value as Patient['value'], lineOf }
}

for (const { text, kind } of [
  { text: 'api: {port: 1}', kind: 'plane' },
  { text: 'mirror: {}', kind: 'plane' },
  { text: 'planes: []', kind: 'agent' },
  { text: 'services: [{name: a, port: 1}]', kind: 'agent' },
  { text: 'services: {a: {balance: round_robin}}', kind: 'routes' },
  { text: 'gateways: {edge: {}}', kind: 'routes' },
  { text: 'colour: blue', kind: undefined },
  { text: '[]', kind: undefined },
]) {
  t.test(`${text} is of the kind ${kind}`, async (t) => t.equal(kindOf(parseYaml(text, 'x').value), kind))
}

t.test('each setting that only one of the two programs has tells which one it is', async (t) => {
  const [ofPlane, ofAgent] = [new Set(Object.keys(PlaneConfig.def.shape)), new Set(Object.keys(AgentConfig.def.shape))]
  // Those of agents are lists there, and words of a declaration otherwise.
  for (const key of ofPlane.symmetricDifference(ofAgent)) {
    if (key === 'services' || key === 'gateways') continue
    t.equal(kindOf({ [key]: {} }), ofPlane.has(key) ? 'plane' : 'agent', key)
  }
  for (const key of ofPlane.intersection(ofAgent)) {
    t.equal(kindOf({ [key]: {} }), undefined, key)
    t.equal(kindOf({ [key]: {} }, '/etc/heddle/agent.yaml'), 'agent', key)
    t.equal(kindOf({ [key]: {} }, '/etc/heddle/control-plane.yaml'), 'plane', key)
  }
})

t.test('a file of comments alone, as packages bring it, is what it is called', async (t) => {
  t.equal(kindOf(null, '/etc/heddle/agent.yaml'), 'agent')
  t.equal(kindOf(null, '/etc/heddle/other.yaml'), undefined)
  t.equal(kindOf({ colour: 'blue' }, '/etc/heddle/agent.yaml'), undefined)
})

const plane = patient('plane.yaml', 'api: {port: 8888}\nrouting: {xds: {port: 8081}}\n')
const agent = patient(
  'agent.yaml',
  'node: {name: web-1}\nadmin: {port: 9180}\nservices:\n  - {name: user-service, port: 8081}\n  - {name: crm, port: 8080}\ngateways:\n  - {name: edge, proof: "127.0.0.1:18099"}\n',
)
const routes = patient(
  'routes.yaml',
  'gateways:\n  edge:\n    proxy: nginx\n    listeners:\n      - {port: 8080}\n      - {address: 10.0.0.7, port: 8090}\n  other:\n    proxy: envoy\n    listeners: [{port: 8080}]\n',
)

t.test('every port that configurations claim is known, with file and line', async (t) => {
  t.strictSame(
    claimsOf([plane, agent, routes]).map(
      ({ port, address, who, place, kind }) => `${address}:${port} ${who} (${place}) ${kind}`,
    ),
    [
      "127.0.0.1:8888 the control plane's API (plane.yaml:1) own",
      "127.0.0.1:8081 the control plane's xDS (plane.yaml:2) own",
      '127.0.0.1:9180 the page of the agent web-1 (agent.yaml:2) own',
      '0.0.0.0:8081 the service user-service (agent.yaml:4) server',
      '0.0.0.0:8080 the service crm (agent.yaml:5) server',
      '127.0.0.1:18099 the proof of gateway edge (agent.yaml:7) own',
      '0.0.0.0:8080 a listener of gateway edge (routes.yaml:5) own',
      '10.0.0.7:8090 a listener of gateway edge (routes.yaml:6) own',
      '0.0.0.0:8080 a listener of gateway other (routes.yaml:9) perhaps',
    ],
  )
})

t.test('what two claim is found before anything starts, with both claimants', async (t) => {
  t.strictSame(
    collisionsAmong(claimsOf([plane, agent, routes])).map(({ level, text }) => `${level}: ${text}`),
    [
      "error: port 8081 is claimed by the control plane's xDS (plane.yaml:2) and by the service user-service (agent.yaml:4)",
      'error: port 8080 is claimed by the service crm (agent.yaml:5) and by a listener of gateway edge (routes.yaml:5)',
      'warning: port 8080 is claimed by the service crm (agent.yaml:5) and by a listener of gateway other (routes.yaml:9), if both run on one host',
      'warning: port 8080 is claimed by a listener of gateway edge (routes.yaml:5) and by a listener of gateway other (routes.yaml:9), if both run on one host',
    ],
  )
})

t.test('defaults collide, too', async (t) => {
  const two = [patient('a.yaml', 'node: {name: a}'), patient('b.yaml', 'node: {name: b}')]
  t.match(collisionsAmong(claimsOf(two)), [
    { level: 'error', text: /9180 .*agent a \(a\.yaml \(by default\)\).*agent b/ },
  ])
})

const place = (port: number, address = '0.0.0.0') => ({ port, address, user: 33 })
const process = (name: string, command: string): Process => ({ pid: 7, name, command })

t.test('what listens already is named, unless it is Heddle itself or the server that is looked after', async (t) => {
  const claims = claimsOf([plane, agent])
  const held = (port: number, by: Process | undefined, address?: string) =>
    collisionsWithListening(claims, [{ ...place(port, address), process: by }])
  t.match(held(8888, process('jupyter', 'python3 jupyter')), [
    {
      level: 'error',
      text: "port 8888 is claimed by the control plane's API (plane.yaml:1) and held by jupyter (pid 7)",
    },
  ])
  t.match(held(8888, undefined), [{ level: 'warning', text: /held by a process of user 33/, remedy: /as root/ }])
  t.match(held(8888, process('main.ts', 'node /opt/heddle/control-plane/main.ts plane.yaml')), [{ level: 'ok' }])
  t.match(held(8888, process('main.ts', 'node /opt/heddle/control-plane/main.ts other.yaml')), [
    { level: 'warning', text: /held by main\.ts \(pid 7\), which runs by another configuration: .*other\.yaml$/ },
  ])
  const shipped = '/usr/lib/heddle-plane/bin/node --max-semi-space-size=4 /usr/lib/heddle-plane/plane/heddle-plane.mjs'
  t.match(held(8888, process('heddle-plane.mjs', `${shipped} /etc/heddle/plane.yaml`)), [{ level: 'ok' }])
  const byDefault = claimsOf([patient('/etc/heddle/plane.yaml', 'journal: {}')])
  const usual = { ...place(8888), process: process('heddle-plane.mjs', `${shipped} /etc/heddle/plane.yaml`) }
  t.match(collisionsWithListening(byDefault, [usual]), [{ level: 'ok' }], 'a port that is the default, too')
  t.match(held(18099, process('nginx', 'nginx: master process nginx')), [{ level: 'ok' }])
  t.strictSame(held(8888, process('x', 'x'), '10.0.0.7'), [], 'another address is another place')
  t.strictSame(held(8080, process('crm', '/opt/crm')), [], 'that is the service itself')
})

t.test('a listener at the port of a service of the platform is worth a look', async (t) => {
  t.match(unusualUses(claimsOf([routes])), [
    { level: 'warning', text: /8080 .*gateway edge.*also that of api-gateway \(zervigo\), basic-server \(zervigo\)/ },
    { level: 'warning', text: /gateway other/ },
  ])
})

for (const { a, b, both } of [
  { a: '0.0.0.0', b: '127.0.0.1', both: true },
  { a: '::', b: '10.0.0.7', both: true },
  { a: '127.0.0.1', b: '127.0.0.1', both: true },
  { a: '127.0.0.1', b: '10.0.0.7', both: false },
]) {
  t.test(`${a} and ${b} ${both ? 'are' : 'are not'} in each other's way`, async (t) => t.equal(overlaps(a, b), both))
}

const noon = Date.parse('2026-03-01T12:00:00Z')

t.test('a clock that was never set is found', async (t) => {
  t.match(clockFinding(0), { level: 'error' })
  t.match(clockFinding(noon), { level: 'ok' })
})

for (const { what, date, to = noon + 100, says } of [
  { what: 'the same second', date: 'Sun, 01 Mar 2026 12:00:00 GMT', says: undefined },
  { what: 'a minute later', date: 'Sun, 01 Mar 2026 12:01:00 GMT', says: /60 s behind that of x/ },
  { what: 'a minute earlier', date: 'Sun, 01 Mar 2026 11:59:00 GMT', says: /59 s ahead of that of x/ },
  { what: 'a slow answer', date: 'Sun, 01 Mar 2026 12:00:07 GMT', to: noon + 8_000, says: undefined },
  { what: 'no date', date: undefined, says: undefined },
  { what: 'nonsense', date: 'soon', says: undefined },
]) {
  t.test(`an answer with ${what} tells of the clock`, async (t) => {
    const found = skewFinding('x', date, { from: noon, to })
    if (says) t.match(found, { level: 'warning', text: says })
    else t.equal(found, undefined)
  })
}

t.test('only errors stand in the way of a start, and they come first', async (t) => {
  const ok = { check: 'clock', level: 'ok', text: 'a' } as const
  const warning = { check: 'ports', level: 'warning', text: 'b' } as const
  const error = { check: 'ports', level: 'error', text: 'c' } as const
  t.strictSame(examined([ok, warning]), { healthy: true, findings: [warning, ok] })
  t.strictSame(examined([ok, error, warning]), { healthy: false, findings: [error, warning, ok] })
})
