import t from 'tap'
import { Hello } from '#shared/protocol/messages.ts'
import { nextDesired, nothingDesired } from './desired.ts'
import { helloOf } from './hello.ts'
import { sessionUrl } from './plane-list.ts'

t.test('the address of sessions follows that of the plane', async (t) => {
  t.equal(sessionUrl('http://p:8888', '/agents'), 'ws://p:8888/agents')
  t.equal(sessionUrl('https://p/base/', '/agents'), 'wss://p/base/agents')
})

t.test('a whole message replaces what is desired, another one the keys that it names', async (t) => {
  const logging = { level: 'debug', by: 'y', reason: 'x' } as const
  const drain = { a: { admission: 'draining', reason: 'x', by: 'y' } } as const
  const first = nextDesired(nothingDesired, {
    type: 'desired',
    whole: true,
    desired: { admissions: drain, logging },
  })
  t.strictSame(first, { ...nothingDesired, admissions: drain, logging })
  const second = nextDesired(first, { type: 'desired', whole: false, desired: { admissions: {} } })
  t.strictSame(second, { ...nothingDesired, logging })
  t.strictSame(nextDesired(second, { type: 'desired', whole: true, desired: { probes: undefined } }), nothingDesired)
})

t.test('a hello is what the protocol takes', async (t) => {
  const base = {
    identity: { node: 'n-aaaaaaaaaaaa', machine: 'm', incarnation: 1 },
    version: '0.1.0',
    name: '节点',
    site: 's',
    cluster: undefined,
    address: '10.0.0.1',
    gateways: [],
  }
  t.strictSame(Hello.parse(helloOf(base)), helloOf(base))
  const gateway = helloOf({ ...base, cluster: 'looma', gateways: [{ name: 'edge', proxy: 'nginx' }] })
  t.match(Hello.parse(gateway), { cluster: 'looma', gateways: [{ gateway: 'edge', proxy: 'nginx' }] })
})
