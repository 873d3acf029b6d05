import fc from 'fast-check'
import t from 'tap'
import { ServiceConfig } from '../checks/config.ts'
import { DiscoveryConfig } from '../discovery/config.ts'
import { adjusted, discoveryWith, type RemoteSettings, readSettings } from './settings.ts'

const crm = ServiceConfig.parse({ name: 'crm', port: 80, checks: [{ kind: 'http' }, { kind: 'tcp', interval: '9s' }] })

function settings(document: object): RemoteSettings {
  const read = readSettings(document)
  if (!read.settings) throw new Error(JSON.stringify(read.problems))
  return read.settings
}

for (const [path, document] of [
  ['planes', { planes: ['http://10.0.0.1'] }],
  ['commands', { commands: { x: { run: ['/bin/rm'] } } }],
  ['orders', { orders: { restart: [] } }],
  ['state_dir', { state_dir: '/' }],
  ['gateways', { gateways: [] }],
  ['node', { node: { name: 'x' } }],
  ['admin', { admin: { address: '0.0.0.0' } }],
  ['services.crm.port', { services: { crm: { port: 1 } } }],
  ['services.crm.checks.command', { services: { crm: { checks: { command: 'x' } } } }],
  ['services.crm.checks.path', { services: { crm: { checks: { path: '/x' } } } }],
  ['services.crm.checks.rise', { services: { crm: { checks: { rise: 0 } } } }],
  ['services.crm.checks.interval', { services: { crm: { checks: { interval: '1ms' } } } }],
  ['services.crm.checks.timeout', { services: { crm: { checks: { timeout: '2m' } } } }],
  ['services.crm.metrics.path', { services: { crm: { metrics: { path: '/secret' } } } }],
  ['discovery.paths', { discovery: { paths: ['/x'] } }],
  ['discovery.policy[0].do', { discovery: { policy: [{ match: {}, do: 'delete' }] } }],
  ['logging.level', { logging: { level: 'silent' } }],
] as const) {
  t.test(`${path} is refused with its place`, async (t) => {
    t.match(readSettings(document).problems, [{ path, message: /./ }])
  })
}

t.test('no document makes the reader throw, and what is refused has a reason', async () => {
  fc.assert(
    fc.property(fc.jsonValue(), (document) => {
      const { settings, problems = [] } = readSettings(document)
      return settings !== undefined || (problems.length > 0 && problems.length <= 20)
    }),
  )
})

t.test('each check of a service gets what is set, a name of its own wins over the star', async (t) => {
  const wanted = settings({
    services: { '*': { checks: { interval: '1s', fall: 4 } }, crm: { checks: { interval: '2s', timeout: '1s' } } },
  })
  const { checks } = adjusted(crm, wanted)
  t.match(checks, [
    { kind: 'http', path: '/health', interval: 2_000, timeout: 1_000, fall: 4, rise: 2 },
    { kind: 'tcp', interval: 2_000, timeout: 1_000, fall: 4 },
  ])
  t.match(adjusted({ ...crm, name: 'toString' }, wanted).checks, [{ interval: 1_000 }, { interval: 1_000 }])
  t.equal(adjusted(crm, {}), crm)
})

t.test('metrics are kept as is set, where a page is read at all', async (t) => {
  const wanted = settings({ services: { '*': { metrics: { keep: ['a_*'] } } } })
  t.match(adjusted(crm, wanted).metrics, { path: '/metrics', keep: ['a_*'], interval: 15_000 })
  t.match(adjusted({ ...crm, metrics: { path: '/m', interval: 5, keep: ['b'] } }, wanted).metrics, {
    path: '/m',
    interval: 5,
    keep: ['a_*'],
  })
  t.equal(adjusted({ ...crm, metrics: false }, wanted).metrics, false)
  const redis = ServiceConfig.parse({ name: 'redis', type: 'redis', port: 6379 })
  t.equal(adjusted(redis, wanted).metrics, undefined, 'what speaks another protocol is not asked')
})

t.test('the policy of discovery is the one that holds now, and the own one without it', async (t) => {
  const own = DiscoveryConfig.parse({ default: 'adopt', every: '7s' })
  let now: RemoteSettings = {}
  const live = discoveryWith(own, () => now)
  t.match(live, { policy: [], default: 'adopt', every: 7_000 })
  now = settings({ discovery: { policy: [{ match: { ports: [80] }, do: 'ignore' }], default: 'ask' } })
  t.match([live.policy, live.default], [[{ do: 'ignore' }], 'ask'])
})
