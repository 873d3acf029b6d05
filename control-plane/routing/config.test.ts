import t from 'tap'
import { problemText } from '#shared/config/problem.ts'
import { readConfig } from '#shared/config/read.ts'
import { RoutingConfig, xdsOverTls } from './config.ts'

const read = (text: string) => readConfig(RoutingConfig, text, 'plane.yaml')

await t.test('everything has a default but the declaration', async (t) => {
  t.strictSame(read('').config, {
    compare_files_every: 5_000,
    gather: 20,
    compare_every: 60_000,
    xds: { address: '127.0.0.1', port: 18_000, insecure: false },
  })
})

await t.test('Envoys on other machines ask over TLS, unless it is said to be insecure', async (t) => {
  const overTls = (text: string) => {
    const { config } = read(`xds: ${text}`)
    return config && xdsOverTls(config.xds)
  }
  t.equal(overTls('{ address: 127.0.0.1 }'), false)
  t.equal(overTls('{ address: 127.0.0.1, tls: true }'), true)
  t.equal(overTls('{ address: 0.0.0.0 }'), true)
  t.equal(overTls('{ address: 0.0.0.0, insecure: true }'), false)
  t.match(read('xds: { address: 0.0.0.0, tls: false }').problems.map(problemText), [/expected TLS, a loopback address/])
  t.match(read('xds: { insecure: true, tls: true }').problems.map(problemText), [/expected one of/])
})
