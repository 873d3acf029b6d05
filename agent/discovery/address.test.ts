import t from 'tap'
import { chooseAddress, defaultInterface, isReachable } from './address.ts'

const interfaces = [
  { interface: 'lo', address: '127.0.0.1', internal: true },
  { interface: 'docker0', address: '172.17.0.1', internal: false },
  { interface: 'eth0', address: '10.0.0.7', internal: false },
]

for (const { what, found, address } of [
  {
    what: 'a configured address',
    found: { configured: '192.168.1.5', towardsPlane: '10.0.0.7' },
    address: '192.168.1.5',
  },
  { what: '0.0.0.0', found: { configured: '0.0.0.0', towardsPlane: '10.0.0.8' }, address: '10.0.0.8' },
  {
    what: 'localhost, and a plane on this machine',
    found: { configured: 'localhost', towardsPlane: '127.0.0.1' },
    address: '127.0.0.1',
  },
  {
    what: 'nothing, and no way to a plane',
    found: { configured: undefined, towardsPlane: undefined },
    address: '10.0.0.7',
  },
]) {
  t.test(`with ${what} the node is found`, async (t) => {
    t.equal(chooseAddress({ ...found, interfaces, defaultInterface: 'eth0' }), address)
  })
}

t.test('without a default route any outer address will do, and without one the inner', async (t) => {
  const nothing = { configured: undefined, towardsPlane: undefined, defaultInterface: undefined }
  t.equal(chooseAddress({ ...nothing, interfaces }), '172.17.0.1')
  t.equal(chooseAddress({ ...nothing, interfaces: [] }), '127.0.0.1')
})

t.test('the default route of the lowest metric names the interface', async (t) => {
  const routes = [
    'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT',
    'wlan0\t00000000\t0101A8C0\t0003\t0\t0\t600\t00000000\t0\t0\t0',
    'eth0\t00000000\t0100000A\t0003\t0\t0\t100\t00000000\t0\t0\t0',
    'eth0\t0000000A\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0',
  ].join('\n')
  t.equal(defaultInterface(routes), 'eth0')
  t.equal(defaultInterface(''), undefined)
})

t.test('what only this machine understands is no address', async (t) => {
  for (const address of [
    undefined,
    'localhost',
    'LocalHost',
    '0.0.0.0',
    '127.0.0.1',
    '127.1.2.3',
    '::',
    '::1',
    '[::1]',
  ]) {
    t.notOk(isReachable(address), String(address))
  }
  for (const address of ['10.0.0.1', 'db.example', '1270.0.0.1', 'fe80::1']) t.ok(isReachable(address), address)
})
