import { join } from 'node:path'
import t from 'tap'
import type { Failure } from '#shared/failure/failure.ts'
import { temporaryFolder } from '#test/support/folder.ts'
import { writeYaml } from '#test/support/landscape/program.ts'
import { loadPlaneConfig, loadPlaneSettings, risksToSay, servesTls } from './config.ts'
import { type PlaneRisk, risksOfPlane, risksOfPlanes } from './modes.ts'

const safe = {
  api: { insecure: false },
  routing: { xds: { insecure: false } },
  access: {},
  ingest: { clients: {} },
  mirror: { owner: 'zervi', datacenters: [{ name: 'a', address: 'https://consul.internal:8501' }] },
  journal: { path: '/var/lib/heddle-plane/heddle.db' },
}

for (const { risks, more } of [
  { risks: [], more: {} },
  { risks: ['insecure-api'], more: { api: { insecure: true } } },
  { risks: ['insecure-xds'], more: { routing: { xds: { insecure: true } } } },
  { risks: ['open-access'], more: { access: { required: false } } },
  { risks: [], more: { access: { required: true } } },
  { risks: ['default-owner'], more: { mirror: { ...safe.mirror, owner: 'heddle' } } },
  { risks: [], more: { mirror: { owner: 'heddle', datacenters: [] } } },
  {
    risks: ['plain-consul'],
    more: { mirror: { owner: 'x', datacenters: [{ name: 'a', address: 'http://10.0.0.3:8500' }] } },
  },
  { risks: [], more: { mirror: { owner: 'x', datacenters: [{ name: 'a', address: 'http://127.0.0.1:8500' }] } } },
  { risks: ['plain-clients'], more: { ingest: { clients: { plain: { address: '0.0.0.0' } } } } },
  { risks: [], more: { ingest: { clients: { plain: { address: '127.0.0.1' } } } } },
  { risks: ['relative-journal'], more: { journal: { path: 'heddle.db' } } },
  { risks: ['plain-postgresql'], more: { journal: { path: '/x', postgresql: { host: 'db', tls: 'off' as const } } } },
  { risks: [], more: { journal: { path: '/x', postgresql: { host: '/run/postgresql', tls: 'off' as const } } } },
] as readonly { risks: readonly PlaneRisk[]; more: Partial<typeof safe> }[]) {
  t.test(`${JSON.stringify(more)} risks ${risks.join() || 'nothing'}`, async (t) => {
    t.strictSame(
      risksOfPlane({ ...safe, ...more }).map(({ risk }) => risk),
      risks,
    )
  })
}

async function told(config: object, environment: Record<string, string> = {}) {
  await using folder = await temporaryFolder('modes')
  const file = await writeYaml(join(folder.path, 'plane.yaml'), config)
  return loadPlaneConfig(file, environment).catch((error: Failure) => error.message)
}

t.test('production refuses each risk with its place, and takes what is accepted by name', async (t) => {
  const risky = {
    mode: 'production',
    api: { insecure: true, address: '0.0.0.0' },
    routing: { xds: { insecure: true } },
    access: { required: false },
    ingest: {
      clients: {
        plain: { address: '0.0.0.0', port: 8889, ranges: ['10.0.0.0/8'], services: ['*'], until: '2027-01-01' },
      },
    },
    mirror: { datacenters: [{ name: 'a', address: 'http://10.0.0.3:8500' }] },
    journal: { postgresql: { host: 'db', tls: 'off' } },
  }
  const refused = await told(risky)
  t.type(refused, 'string')
  for (const risk of risksOfPlanes) t.match(refused, new RegExp(`plane\\.yaml:\\d+ .*"${risk}"`), risk)
  const accepted = await told({ ...risky, accept_risks: [...risksOfPlanes] })
  if (typeof accepted === 'string') throw new Error(accepted)
  t.equal(risksToSay(accepted).length, risksOfPlanes.length, 'they are said at each start')
  const staged = await told({ ...risky, mode: 'staging' })
  if (typeof staged === 'string') throw new Error(staged)
  t.equal(risksToSay(staged).length, risksOfPlanes.length - 1, 'staging has an owner of its own')
  t.strictSame(risksToSay((await told({ ...risky, mode: 'cluster' })) as typeof staged), [])
})

for (const { mode, address, tls, owner, format, level } of [
  { mode: undefined, address: '127.0.0.1', tls: false, owner: 'heddle', format: 'json', level: 'info' },
  { mode: 'local', address: '127.0.0.1', tls: false, owner: 'heddle-local', format: 'text', level: 'info' },
  { mode: 'cluster', address: '0.0.0.0', tls: true, owner: 'heddle-cluster', format: 'json', level: 'debug' },
  { mode: 'staging', address: '0.0.0.0', tls: true, owner: 'heddle-staging', format: 'json', level: 'info' },
  { mode: 'production', address: '0.0.0.0', tls: true, owner: 'heddle', format: 'json', level: 'info' },
]) {
  t.test(`mode ${mode} means what docs/modes.md says`, async (t) => {
    const environment = mode === undefined ? {} : { CLUSTER_MODE: mode }
    const config = await told({ journal: { path: '/var/lib/heddle-plane/heddle.db' } }, environment)
    if (typeof config === 'string') throw new Error(config)
    t.match(config, { api: { address }, mirror: { owner }, logging: { format, level }, routing: { xds: { address } } })
    t.equal(servesTls(config.api), tls)
  })
}

t.test('what somebody says counts before the mode, and HEDDLE_MODE before CLUSTER_MODE', async (t) => {
  const config = await told(
    { api: { address: '127.0.0.1' }, mirror: { owner: 'mine' }, logging: { level: 'error' } },
    { CLUSTER_MODE: 'production', HEDDLE_MODE: 'cluster', HEDDLE_ROUTING__XDS__ADDRESS: '127.0.0.1' },
  )
  t.match(config, {
    mode: 'cluster',
    api: { address: '127.0.0.1' },
    mirror: { owner: 'mine' },
    logging: { level: 'error' },
    routing: { xds: { address: '127.0.0.1' } },
  })
  t.match(await told({}, { CLUSTER_MODE: 'huge' }), /^CLUSTER_MODE mode: /)
})

t.test('a small plane keeps little and does little at once', async (t) => {
  const config = await told({
    size: 'small',
    journal: { path: '/var/lib/heddle-plane/heddle.db', postgresql: { host: '127.0.0.1' } },
    mirror: {
      datacenters: [
        { name: 'a', address: 'http://127.0.0.1:8500' },
        { name: 'b', address: 'http://127.0.0.1:8501', lanes: 4 },
      ],
    },
  })
  t.match(config, {
    journal: { metrics: { retention: 86_400_000, most_rows: 500_000 }, postgresql: { connections: 10 } },
    mirror: { datacenters: [{ lanes: 2 }, { lanes: 4 }] },
    logging: { file: { path: '/var/lib/heddle-plane/logs/heddle-plane.log', most_megabytes: 60 } },
  })
})

t.test('the whole configuration is told with whose word each setting is', async (t) => {
  await using folder = await temporaryFolder('modes')
  const file = await writeYaml(join(folder.path, 'plane.yaml'), { api: { port: 9000 }, size: 'small' })
  const settings = await loadPlaneSettings(file, { CLUSTER_MODE: 'cluster', HEDDLE_SITE: 'tencent' })
  const source = (path: string) => settings.find((setting) => setting.path === path)
  t.match(source('api.port'), { value: '9000', source: `${file}:2` })
  t.match(source('api.address'), { value: '0.0.0.0', source: 'mode cluster' })
  t.match(source('mode'), { value: 'cluster', source: 'CLUSTER_MODE' })
  t.match(source('site'), { value: 'tencent', source: 'HEDDLE_SITE' })
  t.match(source('journal.metrics.retention'), { value: '1d', source: 'size small' })
  t.match(source('journal.retention'), { value: '7d', source: 'mode cluster' })
  t.match(source('mirror.guard.window'), { value: '10m', source: 'default' })
})
