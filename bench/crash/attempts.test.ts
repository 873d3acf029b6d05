import t from 'tap'
import { envoyAttempts, lastAttemptMs, nginxAttempts } from './attempts.ts'

t.test('every attempt of a request that was retried is read, with when it ended', async (t) => {
  const nginx = '{"at_s":"10.500","address":"127.0.0.1:1, 127.0.0.1:2","upstream_s":"0.000, 0.200"}\n{"cut'
  t.strictSame(nginxAttempts(nginx), [
    { at: 10_500, port: 2 },
    { at: 10_300, port: 1 },
  ])
  const envoy = '{"at_s":"10.5","address":"127.0.0.1:1"}\n{"at_s":"11.5","address":null}\n'
  t.strictSame(envoyAttempts(envoy), [{ at: 10_500, port: 1 }])
})

t.test('only attempts on that port in that time count', async (t) => {
  const attempts = [
    { at: 100, port: 1 },
    { at: 130, port: 1 },
    { at: 140, port: 2 },
    { at: 900, port: 1 },
  ]
  t.equal(lastAttemptMs(attempts, 1, 90, 500), 40)
  t.equal(lastAttemptMs(attempts, 3, 90, 500), 0)
})
