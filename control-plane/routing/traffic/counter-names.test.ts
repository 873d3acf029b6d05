import t from 'tap'
import type { TableFrame } from '../table/build.ts'
import { counterNames } from './counter-names.ts'

const frame = {
  routes: [{ name: 'api' }, { name: 'we-b.x' }, { name: 'a:b' }],
  serviceNames: ['web.one', 'federated:resume'],
  listeners: [{ name: 'port-80' }],
} as unknown as TableFrame

t.test('counters are called as the declaration calls what they count', async (t) => {
  const names = counterNames('edge', frame)
  for (const [name, route] of [
    ['edge.route.api', 'api'],
    ['edge.route.we-b.x', 'we-b.x'],
    ['edge.route.a_b', 'a:b'],
    ['edge/api.example.route.api', 'api'],
    ['edge/api.route.example.route.api', 'api'],
    ['edge/a.route.api.route.we-b.x', 'we-b.x'],
    ['edge.route.gone', 'gone'],
    ['edge/a.example.route.gone', 'gone'],
    ['other.route.api', ''],
  ] as const) {
    t.equal(names.route(name), route, name)
  }
  t.equal(names.service('web.one'), 'web.one')
  t.equal(names.service('federated_resume'), 'federated:resume')
  t.equal(names.service('heddle-xds'), undefined)
  t.ok(names.isListener('port-80'))
  t.notOk(names.isListener('theirs'))
  t.equal(counterNames('edge', undefined).route('edge.route.api'), 'api')
})
