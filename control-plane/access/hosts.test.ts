import fc from 'fast-check'
import t from 'tap'
import { HostCheck, isOwnHost } from './hosts.ts'

const names = ['plane.example.com', '*.planes.example.org', 'host-1']

for (const [host, own] of [
  ['127.0.0.1:8888', true],
  ['10.1.2.3', true],
  ['[::1]:8888', true],
  ['[2001:db8::1]', true],
  ['localhost:8888', true],
  ['LOCALHOST.', true],
  ['host-1:8888', true],
  ['looma-crm:8888', true],
  ['plane.example.com', true],
  ['Plane.Example.Com.:443', true],
  ['a.planes.example.org', true],
  ['looma-crm.internal:8888', true],
  ['heddle.service.consul', true],
  ['planes.example.org', false],
  ['xplanes.example.org', false],
  ['attacker.example', false],
  ['localhost.attacker.example', false],
  ['127.0.0.1.nip.io', false],
  ['plane.example.com.attacker.example', false],
  ['plane.example.com@attacker.example', false],
  ['2130706433', false],
  ['0x7f000001', false],
  ['0x7f.1', false],
  ['0177.0.0.1', false],
  ['127.1', false],
  ['', false],
  [' ', false],
  ['a..b', false],
  ['.', false],
  ['[::1', false],
  ['[fe80::1%eth0]', false],
  ['host:port', false],
  ['host:999999', false],
] as const) {
  t.test(`${JSON.stringify(host)} is ${own ? 'one' : 'none'} of a plane's names`, async (t) => {
    t.equal(isOwnHost(host, names), own)
  })
}

t.test('no name of a domain on the Internet is taken that was not configured', async (t) => {
  const domain = fc.domain().filter((each) => !/\.(local|internal|lan|consul|test)$/.test(each))
  fc.assert(fc.property(domain, (name) => !isOwnHost(name, []) && !isOwnHost(`${name}:8888`, [])))
  t.end()
})

const asking = (host: string | undefined, url = '/v1/status', minor = 1) => ({
  headers: host === undefined ? {} : { host },
  url,
  httpVersionMajor: 1,
  httpVersionMinor: minor,
})

t.test('who names nobody is answered only whether the plane lives, and only in HTTP/1.0', async (t) => {
  const check = new HostCheck(() => [])
  t.equal(check.accepts(asking(undefined, '/health', 0)), true)
  t.equal(check.accepts(asking(undefined, '/v1/status', 0)), false)
  t.equal(check.accepts(asking(undefined, '/health', 1)), false)
})

t.test('of a whole address its host must be ours too', async (t) => {
  const check = new HostCheck(() => [])
  t.equal(check.accepts(asking('localhost', 'http://attacker.example/v1/status')), false)
  t.equal(check.accepts(asking('localhost', 'http://127.0.0.1:8888/v1/status')), true)
  t.equal(check.refused, 1)
})

t.test('what was found good is not looked at again, and a name that is new to the plane is', async (t) => {
  let own: readonly string[] = []
  let asked = 0
  const check = new HostCheck(() => {
    asked += 1
    return own
  })
  t.equal(check.accepts(asking('a.example.com')), false)
  own = ['A.Example.com']
  t.equal(check.accepts(asking('a.example.com')), true)
  t.equal(check.accepts(asking('a.example.com')), true)
  t.equal(asked, 2)
})
