import t from 'tap'
import { readConfig } from '#shared/config/read.ts'
import { MirrorConfig } from './config.ts'

await t.test('a datacenter needs a name and an address; all else has a default', async (t) => {
  const { config } = readConfig(
    MirrorConfig,
    'datacenters: [{name: zervigo-dc, address: "http://127.0.0.1:8500/"}]',
    'plane.yaml',
  )
  t.match(config, {
    owner: 'heddle',
    compare_every: 60_000,
    freshness: { every: 5_000, watch: 10_000 },
    guard: { window: 600_000, least: 5, share: 0.05 },
    datacenters: [
      {
        address: 'http://127.0.0.1:8500',
        mode: 'apply',
        select: [{}],
        warning_as: 'passing',
        same_endpoint: 'yield',
        timeout: 5_000,
        lanes: 8,
        foreign: {
          read: true,
          select: [{}],
          leave_out: ['consul', '*-sidecar-proxy'],
          copy_to: [],
          most: 5_000,
          every: 60_000,
          health_every: 5_000,
        },
      },
    ],
  })
  t.strictSame(readConfig(MirrorConfig, '', 'plane.yaml').config?.datacenters, [])
})

for (const { name, yaml, says } of [
  { name: 'an owner that is no name', yaml: 'owner: "Heddle One"', says: /lower-case letters/ },
  { name: 'no address', yaml: 'datacenters: [{name: dc}]', says: /required/ },
  { name: 'a port in place of an address', yaml: 'datacenters: [{name: dc, address: 8500}]', says: /expected a URL/ },
  {
    name: 'two datacenters of one name',
    yaml: 'datacenters: [{name: dc, address: "http://a"}, {name: dc, address: "http://b"}]',
    says: /distinct names/,
  },
  { name: 'a selection of nothing', yaml: 'datacenters: [{name: dc, address: "http://a", select: []}]', says: /./ },
  {
    name: 'a copy to a datacenter that is not configured',
    yaml: 'datacenters: [{name: dc, address: "http://a", foreign: {copy_to: [{datacenter: other}]}}]',
    says: /expected another datacenter of this configuration \(there is none\)/,
  },
  {
    name: 'a copy to itself',
    yaml: 'datacenters: [{name: a, address: "http://a", foreign: {copy_to: [{datacenter: a}]}}, {name: b, address: "http://b"}]',
    says: /expected another datacenter of this configuration \(b\)/,
  },
  { name: 'a misspelt key', yaml: 'datacenters: [{name: dc, address: "http://a", token: x}]', says: /unknown key/ },
]) {
  await t.test(`${name} is a problem with a line`, async (t) => {
    const { problems } = readConfig(MirrorConfig, yaml, 'plane.yaml')
    t.match(problems[0], { line: 1, message: says })
  })
}
