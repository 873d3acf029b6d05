import t from 'tap'
import { instanceView, nodeView, serviceView, viewTime } from '#test/support/views.ts'
import { showInstances } from './instances.ts'
import { showNodes } from './nodes.ts'
import { showServices } from './services.ts'
import { plain } from './style.ts'

const now = Date.parse(viewTime) + 125_000
const style = { paint: plain, now }
const minutes = (n: number) => new Date(now + n * 60_000).toISOString()

t.test('services are listed with what can be called of them', async (t) => {
  const services = [
    serviceView({ name: '用户服务', clusters: ['looma', 'zervigo'] }),
    serviceView({ name: 'crm', clusters: [], instances: 3, routable: 0, passing: 0, critical: 2, unknown: 1 }),
  ]
  t.equal(
    showServices(services, style),
    [
      'SERVICE   CLUSTERS        INSTANCES  ROUTABLE  PASSING  WARNING  CRITICAL  UNKNOWN',
      '用户服务  looma, zervigo          2         2        2        0         0        0',
      'crm       -                       3         0        0        0         2        1',
    ].join('\n'),
  )
  t.equal(showServices([], style), 'No service is registered.')
})

t.test('nodes are listed with their contact, a confirmed death as such, and their maintenance', async (t) => {
  const admission = { state: 'maintenance', reason: '', by: 'anna', since: viewTime, expires_at: null } as const
  const nodes = [
    nodeView({ name: '北京一号', gateways: ['edge'], admission }),
    nodeView({ id: 'n-bbbbbbbbbbbb', name: 'web-2', contact: 'lost', dead: true, instances: [] }),
    nodeView({ id: 'alibaba-cloud', name: '', site: '', cluster: '', address: '', version: '', contact: 'none' }),
  ]
  t.equal(
    showNodes(nodes, style),
    [
      'NODE            NAME      SITE     CLUSTER  ADDRESS   CONTACT     SINCE  ADMISSION    INSTANCES  GATEWAYS  AGENT',
      'n-aaaaaaaaaaaa  北京一号  tencent  zervigo  10.0.0.1  connected      2m  maintenance          1  edge      0.1.0',
      'n-bbbbbbbbbbbb  web-2     tencent  zervigo  10.0.0.1  lost, dead     2m  active               0  -         0.1.0',
      'alibaba-cloud   -         -        -        -         -              2m  active               1  -         -',
    ].join('\n'),
  )
  t.equal(showNodes([], style), 'No node is known.')
})

t.test('where agents check tokens, the list of nodes says for which gateways', async (t) => {
  const shown = showNodes([nodeView({ authorizers: ['edge', 'inner'] }), nodeView({ id: 'n-bbbbbbbbbbbb' })], style)
  const [head = '', first = '', second = ''] = shown.split('\n')
  const at = head.indexOf('CHECKS TOKENS OF')
  t.equal(first.slice(at, at + 11), 'edge, inner')
  t.equal(second.slice(at, at + 2), '- ')
})

t.test('instances are listed with the three axes, what follows from them, and why', async (t) => {
  const drained = { state: 'draining', by: 'anna', since: viewTime } as const
  const instances = [
    instanceView(),
    instanceView({
      id: 'crm-2',
      name: '客户管理',
      node_name: '',
      address: 'fd00::1',
      health: 'critical',
      routable: 'no',
      reason: { code: 'identity_mismatch', params: { expected: 'crm', answered: 'billing' } },
    }),
    instanceView({
      id: 'crm-3',
      routable: 'no',
      admission: { ...drained, reason: '新版本', expires_at: minutes(30) },
      reason: { code: 'draining' },
    }),
    instanceView({
      id: 'crm-4',
      routable: 'no',
      admission: { ...drained, reason: '', expires_at: null },
      reason: { code: 'draining' },
    }),
  ]
  t.equal(
    showInstances(instances, style),
    [
      'INSTANCE      NAME      NODE            ADDRESS         CONTACT    HEALTH    SINCE  ADMISSION  ROUTABLE  WHY',
      'crm-00000001  -         web-1           10.0.0.1:8080   connected  passing      2m  active     yes       ok',
      'crm-2         客户管理  n-aaaaaaaaaaaa  [fd00::1]:8080  connected  critical     2m  active     no        identity_mismatch answered=billing expected=crm',
      'crm-3         -         web-1           10.0.0.1:8080   connected  passing      2m  draining   no        新版本 (anna, ends in 30m)',
      'crm-4         -         web-1           10.0.0.1:8080   connected  passing      2m  draining   no        draining (anna)',
    ].join('\n'),
  )
  t.equal(showInstances([], style), 'No such instance is registered.')
})
