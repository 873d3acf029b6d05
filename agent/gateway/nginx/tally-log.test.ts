import t from 'tap'
import { Tally } from './tally-log.ts'

t.test('lines of both proxies are counted by route, and what is no line of ours is passed over', async (t) => {
  const tally = new Tally()
  for (const line of [
    '{"route":"users","service":"user-v1","status":"200","request_s":"0.010"}',
    '{"route":"users","service":"user-v2","status":"503","request_s":"0.001"}',
    '{"route":"users","service":"user-v1","status":200,"duration_ms":5}',
    '{"route":null,"status":404,"duration_ms":1}',
    '{"route":"-","status":"404","request_s":"0.000"}',
    '{"route":"","status":"404"}',
    '{"route":"users","status":"-"}',
    '{"route":"users"}',
    'not JSON',
    '[]',
    'null',
  ]) {
    tally.add(line)
  }
  t.strictSame(tally.routes, [
    { route: 'users', requests: 3, errors: 1, totalMs: 16, took: [0, 1, 0, 0, 1, 0, 1] },
    { route: '', requests: 3, errors: 0, totalMs: 1, took: [2, 1] },
  ])
  t.strictSame(tally.services, [
    { service: 'user-v1', requests: 2, errors: 0, totalMs: 15, took: [0, 0, 0, 0, 1, 0, 1] },
    { service: 'user-v2', requests: 1, errors: 1, totalMs: 1, took: [0, 1] },
  ])
  tally.clear()
  t.strictSame([tally.routes, tally.services], [[], []])
})

t.test('a log of something else does not fill the memory', async (t) => {
  const tally = new Tally()
  for (let number = 0; number < 6_000; number += 1) tally.add(`{"route":"r${number}","status":200}`)
  t.equal(tally.routes.length, 5_000)
})
