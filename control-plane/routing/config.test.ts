import t from 'tap'
import { problemText } from '#shared/config/problem.ts'
import { readConfig } from '#shared/config/read.ts'
import { RoutingConfig } from './config.ts'

const read = (text: string) => readConfig(RoutingConfig, text, 'plane.yaml')

await t.test('everything has a default but the declaration', async (t) => {
  t.strictSame(read('').config, {
    compare_files_every: 5_000,
    gather: 20,
    compare_every: 60_000,
    xds: { address: '127.0.0.1', port: 18_000, insecure: false },
  })
})

await t.test('an address that others reach must be said to be insecure', async (t) => {
  t.strictSame(read('xds: { address: 0.0.0.0 }').problems.map(problemText), [
    'plane.yaml:1 xds.address: expected a loopback address, or insecure: true beside it, got "0.0.0.0"',
  ])
  t.equal(read('xds: { address: 0.0.0.0, insecure: true }').config?.xds.address, '0.0.0.0')
  for (const address of ['::1', '127.0.0.9', 'localhost'])
    t.strictSame(read(`xds: { address: "${address}" }`).problems, [])
})
