import t from 'tap'
import { PlaneConfig } from '../config.ts'
import { egressFrom, egressRules } from './egress.ts'

const config = PlaneConfig.parse({ egress: { allow: ['keys.example.org', '10.9.0.0/16'] } })
const mayAsk = egressFrom(config, 'https://login.example.com/realm', egressRules(config, { own: () => ['192.0.2.1'] }))

t.test(
  'who stands in the configuration is asked at his own host, and elsewhere only where the list says so',
  async (t) => {
    for (const good of ['https://login.example.com/keys', 'https://keys.example.org/', 'http://10.9.1.1/']) {
      t.type(mayAsk(new URL(good)), 'function', good)
    }
    for (const bad of [
      'https://login.example.com:8443/keys',
      'https://evil.example/',
      'http://169.254.169.254/latest',
      'http://127.0.0.1:8888/v1/tokens',
      'http://192.0.2.1:8888/',
      'ftp://login.example.com/',
    ]) {
      t.throws(() => mayAsk(new URL(bad)), { code: 'EGRESS_REFUSED' }, bad)
    }
  },
)

t.test('a name that leads elsewhere is not followed there', async (t) => {
  const own = mayAsk(new URL('https://login.example.com/keys'))
  const listed = mayAsk(new URL('https://keys.example.org/'))
  t.equal(own('10.1.1.1', 443), true)
  t.equal(own('127.0.0.1', 443), true, 'the configuration may name what is on this machine')
  t.equal(own('169.254.169.254', 443), false)
  t.equal(own('127.0.0.1', 8888), false)
  t.equal(listed('203.0.113.1', 443), true)
  t.equal(listed('127.0.0.1', 443), false)
  t.equal(listed('::ffff:169.254.169.254', 443), false)
})

t.test('nobody is on the list by default', async (t) => {
  t.strictSame(PlaneConfig.parse({}).egress.allow, [])
  t.equal(PlaneConfig.safeParse({ egress: { allow: ['https://x.example'] } }).success, false)
})
