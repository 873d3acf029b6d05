import t from 'tap'
import * as z from 'zod/mini'
import { EnvoyConfigs } from './config.ts'

t.test('an Envoy that is looked at has an admin page of its own on loopback', async (t) => {
  t.match(EnvoyConfigs.parse([{ gateway: 'edge' }]), [{ gateway: 'edge', admin: '127.0.0.1:9901' }])
  for (const bad of [
    [{ gateway: 'edge' }, { gateway: 'side' }],
    [{ gateway: 'edge', admin: '10.0.0.1:9901' }],
    [{ gateway: 'edge', admin: '127.0.0.1:0' }],
    [{ admin: '127.0.0.1:9901' }],
    [{ gateway: 'edge', run: true }],
  ]) {
    t.notOk(z.safeParse(EnvoyConfigs, bad).success, JSON.stringify(bad))
  }
})
