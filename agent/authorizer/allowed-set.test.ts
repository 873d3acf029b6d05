import t from 'tap'
import { allowedSet } from './allowed-set.ts'

const rules = { certificates: ['/etc/heddle'], controlPorts: new Set([9901]) }
const endpoint = (address: string, port = 8080) => ({ address, port, priority: 0 })
const external = (service: object) => ({
  ...{ kind: 'external', name: 'zervi', permissionsClaim: 'permissions', path: '/verify', timeoutMs: 1000, cacheMs: 0 },
  service: { name: 'zervi', endpoints: [endpoint('10.0.0.7')], connectTimeoutMs: 1000, ...service },
})
const taken = (given: unknown) => allowedSet({ authenticators: [given] }, rules).authenticators[0]

for (const [what, given] of [
  ['as a plane sends it', external({})],
  ['on this host', external({ endpoints: [endpoint('127.0.0.1'), endpoint('localhost')] })],
  ['over TLS', external({ tls: { name: 'zervi', ca: '/etc/heddle/ca.pem' } })],
  ['of a kind that is not known', { kind: 'later', name: 'x' }],
  ['that is none', 'x'],
] as const) {
  t.test(`an authenticator ${what} is taken as it is`, async (t) => t.equal(taken(given), given))
}

for (const ca of ['/root/.ssh/id_ed25519', '/etc/heddle/../shadow', 'ca.pem', '/etc/heddle']) {
  t.test(`an authority at ${ca} has no token pass`, async (t) => {
    t.strictSame(taken(external({ tls: { name: 'zervi', ca } })), { name: 'zervi', kind: 'refused' })
  })
}

t.test('nobody is asked where only this host is meant', async (t) => {
  const good = endpoint('10.0.0.7')
  const bad = [
    ...['169.254.169.254', 'fe80::1%eth0', '::ffff:169.254.169.254', '0.0.0.0', '224.0.0.1'].map((each) =>
      endpoint(each),
    ),
    ...['127.0.0.1', '::1', 'localhost'].map((each) => endpoint(each, 9901)),
  ]
  t.match(taken(external({ endpoints: [...bad, good] })), { name: 'zervi', service: { endpoints: [good] } })
  t.strictSame((taken(external({ endpoints: bad })) as { service: { endpoints: unknown } }).service.endpoints, [])
})
