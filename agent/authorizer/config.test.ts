import t from 'tap'
import * as z from 'zod/mini'
import { AuthorizerConfigs } from './config.ts'

t.test('an authorizer listens where a declaration says by default', async (t) => {
  t.match(z.parse(AuthorizerConfigs, [{ gateway: 'edge' }]), [{ gateway: 'edge', listen: '127.0.0.1:18098' }])
})

t.test('gateways may share a place', async (t) => {
  t.equal(z.parse(AuthorizerConfigs, [{ gateway: 'edge' }, { gateway: 'inner' }]).length, 2)
})

for (const { name, value } of [
  { name: 'that others reach', value: [{ gateway: 'edge', listen: '0.0.0.0:18098' }] },
  { name: 'without a port', value: [{ gateway: 'edge', listen: '127.0.0.1' }] },
  { name: 'of no port', value: [{ gateway: 'edge', listen: '127.0.0.1:70000' }] },
  { name: 'of one gateway twice', value: [{ gateway: 'edge' }, { gateway: 'edge', listen: '127.0.0.1:1' }] },
  { name: 'of no gateway', value: [{ listen: '127.0.0.1:18098' }] },
  { name: 'of a path', value: [{ gateway: '../edge' }] },
]) {
  t.test(`an authorizer ${name} is refused`, async (t) => {
    t.notOk(z.safeParse(AuthorizerConfigs, value).success)
  })
}
