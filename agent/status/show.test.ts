import t from 'tap'
import { type Health, statusCode, statusText } from './show.ts'

const health: Health = {
  name: 'node one',
  node: 'n-aaaaaaaaaaaa',
  version: '0.1.0',
  session: {
    state: 'connected',
    plane: 'http://b:8888',
    replica: 'run-2',
    for_ms: 12_400,
    planes: [{ plane: 'http://a:8888', failed_ms_ago: 61_000 }, { plane: 'http://b:8888' }],
  },
  instances: [{ id: 'crm-1', health: 'passing', reason: 'ok' }],
  unacknowledged: 0,
}

t.test('it says with which plane it is, and which others it knows', async (t) => {
  const text = statusText(health)
  t.match(text, /^Session +with http:\/\/b:8888 \(plane run-2\), for 12 s$/m)
  t.match(text, /^Planes +1\. http:\/\/a:8888, did not answer 61 s ago$/m)
  t.match(text, /^ +2\. http:\/\/b:8888, the present one$/m)
  t.match(text, /^Instances +crm-1 passing \(ok\)$/m)
  t.notMatch(text, /Reports/)
  t.equal(statusCode(health), 0)
})

t.test('it says why there is none', async (t) => {
  const session = { state: 'connecting', plane: 'http://a:8888', for_ms: 3_000, why: 'ECONNREFUSED' } as const
  const text = statusText({ ...health, session, unacknowledged: 3 })
  t.match(text, /^Session +none for 3 s; connecting: ECONNREFUSED$/m)
  t.match(text, /^Reports +3 not acknowledged yet$/m)
  t.equal(statusCode({ ...health, session }), 1)
})
