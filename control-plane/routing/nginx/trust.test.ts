import t from 'tap'
import { networkText, trustLines } from './trust.ts'

for (const [text, network] of [
  ['10.1.2.3', '10.1.2.3'],
  ['10.1.2.3/8', '10.0.0.0/8'],
  ['10.1.2.3/31', '10.1.2.2/31'],
  ['0.0.0.0/0', '0.0.0.0/0'],
  ['192.168.1.255/32', '192.168.1.255/32'],
  ['::1', '::1'],
  ['fd00:1:2:3::4/50', 'fd00:1:2::/50'],
  ['::/0', '::/0'],
  ['2001:db8::ffff/127', '2001:db8::fffe/127'],
] as const) {
  t.test(`${text} is ${network}`, async (t) => t.equal(networkText(text), network))
}

t.test('a balancer is believed only where it is named, and PROXY protocol always', async (t) => {
  t.strictSame(trustLines({ proxyProtocol: false }, []), [])
  t.match(trustLines({ proxyProtocol: false }, ['::1']), ['set_real_ip_from ::1;'])
  t.match(trustLines({ proxyProtocol: true }, ['10.0.0.0/8']).join(), /proxy_protocol/)
})
