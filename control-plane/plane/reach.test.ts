import t from 'tap'
import { PlaneConfig } from '../config.ts'
import { planeReach } from './reach.ts'

const far = PlaneConfig.parse({ api: { address: '10.0.0.1' }, routing: { xds: { port: 18_001 } } })
const near = PlaneConfig.parse({})

t.test(
  'a plane that others reach is sent neither to its own loopback, nor to its ports, nor to where secrets are',
  async (t) => {
    const reach = planeReach(far, { own: () => ['10.0.0.1', '127.0.0.1'] })
    for (const [address, port, may] of [
      ['10.0.0.2', 8888, true],
      ['10.0.0.1', 80, true],
      ['10.0.0.1', 8888, false],
      ['::ffff:10.0.0.1', 18_001, false],
      ['127.0.0.1', 80, false],
      ['169.254.169.254', 80, false],
    ] as const) {
      t.equal(reach(address, port), may, `${address}:${port}`)
    }
  },
)

t.test('a plane on loopback looks at what is on its machine, but for its own ports', async (t) => {
  const reach = planeReach(near)
  t.equal(reach('127.0.0.1', 5432), true)
  t.equal(reach('127.0.0.1', near.api.port), false)
  t.equal(reach('127.0.0.1', near.routing.xds.port), false)
})

t.test('a listener for old clients beyond loopback ends that', async (t) => {
  const plain = { address: '0.0.0.0', port: 8887, ranges: ['10.0.0.0/8'], services: ['*'], until: '2030-01-01' }
  const reach = planeReach(PlaneConfig.parse({ ingest: { clients: { plain } } }))
  t.equal(reach('127.0.0.1', 5432), false)
})

t.test('addresses that the machine gets are known soon', async (t) => {
  let now = 0
  let own: readonly string[] = []
  const reach = planeReach(far, { own: () => own, now: () => now })
  t.equal(reach('10.0.0.7', 8888), true)
  own = ['10.0.0.7']
  t.equal(reach('10.0.0.7', 8888), true)
  now = 11_000
  t.equal(reach('10.0.0.7', 8888), false)
})
