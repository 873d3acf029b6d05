import t from 'tap'
import * as z from 'zod/mini'
import { Discovered, type Found, mostFound } from '#shared/protocol/discovery.ts'
import { AgentMessage } from '#shared/protocol/messages.ts'
import { discoveredMessage, foundOfAdopted, newsOf } from './tell.ts'

const entry = {
  found: 'found-8081-00000000',
  name: 'user-service',
  port: 8081,
  tags: [],
  check: { kind: 'http', path: '/health', tls: true } as const,
  by: 'policy',
  who: 'user-service',
  confidence: 'certain' as const,
  evidence: ['it says that it is user-service'],
}
const facts = {
  entry,
  instance: 'user-service-00000000',
  address: '10.0.0.7',
  verdict: undefined,
  process: undefined,
  place: undefined,
  now: 5_000,
}
const adopted = foundOfAdopted(facts)

t.test('what is told crosses the wire as it is', async (t) => {
  const message = discoveredMessage([adopted], [])
  t.strictSame(z.parse(AgentMessage, JSON.parse(JSON.stringify(message))), message)
  t.match(adopted, { state: 'adopted', check: 'https /health', health: 'unknown', remarks: [] })
  t.match(foundOfAdopted({ ...facts, entry: { ...entry, goneSince: 3_000 } }), {
    goneMs: 2_000,
    remarks: [/nothing listens/],
  })
})

t.test('how long something has been gone is no news, that it is gone is', async (t) => {
  const gone = (goneMs: number): Found => ({ ...adopted, goneMs })
  const news = (found: Found) => newsOf(discoveredMessage([found], []))
  t.equal(news(gone(1)), news(gone(2)))
  t.not(news(gone(1)), news(adopted))
  t.equal(news({ ...adopted, health: 'critical' }), news(adopted), 'an adopted one is judged as its instance')
  t.not(news({ ...adopted, state: 'asking', health: 'critical' }), news({ ...adopted, state: 'asking' }))
})

t.test('where there is too much to tell, what waits for a decision goes first', async (t) => {
  const ignored = Array.from({ length: mostFound }, (_, n): Found => ({ ...adopted, id: `i-${n}`, state: 'ignored' }))
  const message = discoveredMessage([...ignored, adopted, { ...adopted, id: 'asks', state: 'asking' }], [])
  t.strictSame(
    message.found.slice(0, 3).map(({ state }) => state),
    ['asking', 'adopted', 'ignored'],
  )
  t.equal(message.left, 2)
  t.ok(z.safeParse(Discovered, message).success)
})
