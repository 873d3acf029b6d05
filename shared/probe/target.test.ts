import fc from 'fast-check'
import t from 'tap'
import { judgeTarget, kindOfAddress, type Reach } from './target.ts'

for (const [address, kind] of [
  ['10.1.2.3', undefined],
  ['192.168.0.1', undefined],
  ['203.0.113.9', undefined],
  ['2001:db8::1', undefined],
  ['fd00::1', undefined],
  ['::ffff:10.0.0.1', undefined],
  ['127.0.0.1', 'loopback'],
  ['127.255.255.254', 'loopback'],
  ['::1', 'loopback'],
  ['0:0:0:0:0:0:0:1', 'loopback'],
  ['::ffff:127.0.0.1', 'loopback'],
  ['::ffff:7f00:1', 'loopback'],
  ['0:0:0:0:0:ffff:7f00:0001', 'loopback'],
  ['::127.0.0.1', 'loopback'],
  ['::ffff:0:127.0.0.1', 'loopback'],
  ['64:ff9b::7f00:1', 'loopback'],
  ['2002:7f00:1::', 'loopback'],
  ['[::1]', 'loopback'],
  ['169.254.169.254', 'link-local'],
  ['::ffff:169.254.169.254', 'link-local'],
  ['::ffff:a9fe:a9fe', 'link-local'],
  ['64:ff9b::a9fe:a9fe', 'link-local'],
  ['64:ff9b:1::a9fe:a9fe', 'link-local'],
  ['2002:a9fe:a9fe::1', 'link-local'],
  ['fe80::1', 'link-local'],
  ['fe80::1%eth0', 'link-local'],
  ['febf::1', 'link-local'],
  ['100.100.100.200', 'metadata'],
  ['168.63.129.16', 'metadata'],
  ['fd00:ec2::254', 'metadata'],
  ['224.0.0.1', 'multicast'],
  ['ff02::1', 'multicast'],
  ['0.0.0.0', 'nobody'],
  ['0.1.2.3', 'nobody'],
  ['255.255.255.255', 'nobody'],
  ['::', 'nobody'],
  ['::ffff:0.0.0.0', 'nobody'],
  // As text these are no addresses: what the resolver makes of them is judged.
  ['2130706433', 'no address'],
  ['0x7f.1', 'no address'],
  ['0177.0.0.1', 'no address'],
  ['localhost', 'no address'],
  ['', 'no address'],
] as const) {
  t.test(`${address || 'nothing'} is ${kind ?? 'simply somewhere'}`, async (t) => {
    t.equal(kindOfAddress(address), kind)
  })
}

const reach: Reach = { loopback: false, ports: new Set([8888, 18000]), isOwn: (address) => address === '10.0.0.1' }

for (const [address, port, more, wrong] of [
  ['10.0.0.1', 80, {}, undefined],
  ['10.0.0.1', 8888, {}, 'control port'],
  ['10.0.0.2', 8888, {}, undefined],
  ['127.0.0.1', 80, {}, 'loopback'],
  ['127.0.0.1', 80, { loopback: true }, undefined],
  ['127.0.0.1', 8888, { loopback: true }, 'control port'],
  ['::ffff:127.0.0.1', 18000, { loopback: true }, 'control port'],
  ['127.9.9.9', 18000, { loopback: true }, 'control port'],
  ['169.254.169.254', 80, { loopback: true }, 'link-local'],
] as const) {
  t.test(
    `a probe of ${address}:${port}${'loopback' in more ? ' from the same machine' : ''}: ${wrong ?? 'may be'}`,
    async (t) => {
      t.equal(judgeTarget(address, port, { ...reach, ...more }), wrong)
    },
  )
}

t.test('in whatever clothes an address comes, it is judged as the one that it is', async (t) => {
  const clothes = [
    (ip: string) => ip,
    (ip: string) => `::ffff:${ip}`,
    (ip: string) => `0000:0:0:0:0:FFFF:${ip}`,
    (ip: string) => `64:ff9b::${ip}`,
    (ip: string) => `[::ffff:${ip}]`,
  ]
  const v4 = fc.oneof(
    fc.ipV4(),
    fc.tuple(fc.nat(255), fc.nat(255)).map(([c, d]) => `169.254.${c}.${d}`),
    fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255)).map((rest) => `127.${rest.join('.')}`),
  )
  fc.assert(fc.property(v4, fc.constantFrom(...clothes), (ip, dress) => kindOfAddress(dress(ip)) === kindOfAddress(ip)))
  fc.assert(
    fc.property(fc.ipV6(), fc.ipV4(), fc.nat(65_535), (v6, v4, port) => {
      for (const address of [v6, v4]) judgeTarget(address, port, reach)
    }),
  )
  t.end()
})
