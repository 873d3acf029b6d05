import { isIPv4 } from 'node:net'
import t from 'tap'
import { discoverAddress } from './discover-address.ts'

t.test('what is configured is not asked for', async (t) => {
  t.equal(await discoverAddress('10.9.9.9', ['http://no-such-host.invalid']), '10.9.9.9')
})

t.test('a plane on loopback reaches loopback', async (t) => {
  t.equal(await discoverAddress('0.0.0.0', ['http://127.0.0.1:8888']), '127.0.0.1')
  t.equal(await discoverAddress(undefined, ['https://localhost']), '127.0.0.1')
})

t.test('an address that this machine still has is kept', async (t) => {
  const found = await discoverAddress(undefined, ['http://no-such-host.invalid:8888'])
  t.equal(await discoverAddress(undefined, ['http://127.0.0.1:1'], found), found)
  t.equal(await discoverAddress(undefined, ['http://127.0.0.1:1'], '203.0.113.9'), '127.0.0.1')
})

t.test('a plane that cannot be found leaves the interfaces', async (t) => {
  t.ok(isIPv4(await discoverAddress(undefined, ['http://no-such-host.invalid:8888'])))
})
