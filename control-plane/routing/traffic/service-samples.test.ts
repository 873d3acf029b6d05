import t from 'tap'
import { RoutingFleet } from '#test/support/routing/routing-fleet.ts'
import { serviceSamples } from './service-samples.ts'

t.test('only what says how a known service answers is taken', async (t) => {
  const world = new RoutingFleet()
  const instance = world.add('user', 1)
  const one = { instance, name: 'service_errors', value: 2, at: 5 }
  const rest = [
    { name: 'service_errors', value: 2, at: 5 },
    { ...one, name: 'process_memory' },
    { ...one, name: 'constructor' },
    { ...one, name: 'toString' },
    { ...one, instance: 'nobody' },
    { ...one, value: Number.NaN },
  ]
  t.strictSame(serviceSamples([one, ...rest, { ...one, name: 'service_latency_p95' }], world.fleet), [
    { service: 'user', instance, kind: 'errors', value: 2, at: 5 },
    { service: 'user', instance, kind: 'latency', value: 2, at: 5 },
  ])
})
