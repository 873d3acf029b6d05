import t from 'tap'
import { certificatesByNames } from './tls.ts'

const pem = (name: string, ...hosts: readonly string[]) => ({ cert: `/${name}.pem`, key: `/${name}.key`, hosts })

const shown = (...certificates: readonly ReturnType<typeof pem>[]) =>
  certificatesByNames({ certificates }).map(({ hosts, certificates: all }) => [
    hosts.join(' '),
    all.map(({ cert }) => cert).join(' '),
  ])

t.test('a name has all certificates that claim it, other names have those without names', async (t) => {
  const certificates = [
    pem('a', 'a.com', '*.a.com'),
    pem('rsa', '*.a.com', 'a.com'),
    pem('more', 'b.com', 'a.com'),
    pem('others'),
    pem('others-too'),
    pem('others'),
  ]
  t.strictSame(shown(...certificates), [
    ['*.a.com', '/a.pem /rsa.pem'],
    ['a.com', '/a.pem /rsa.pem /more.pem'],
    ['b.com', '/more.pem'],
    ['', '/others.pem /others-too.pem'],
  ])
})

t.test('where every certificate has names, the first is shown for all others', async (t) => {
  t.strictSame(shown(pem('a', 'a.com'), pem('b', 'b.com')), [
    ['a.com', '/a.pem'],
    ['b.com', '/b.pem'],
    ['', '/a.pem'],
  ])
})
