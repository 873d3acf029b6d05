import { parseArgs } from 'node:util'
import { seeded } from '../fleet/random.ts'
import { lagMs, offer } from '../ingest/offer.ts'
import { percentile } from '../result.ts'
import { Lines, requestOf } from './line.ts'
import { clientId, type Kind, kinds, nextKind, registrationOf, serviceOf } from './mix.ts'

// Clients in one process that call the plane at a fixed rate, whether or not answers come.

const { values } = parseArgs({
  options: {
    port: { type: 'string' },
    clients: { type: 'string' },
    connections: { type: 'string' },
    rate: { type: 'string' },
    seconds: { type: 'string' },
    warm: { type: 'string' },
    seed: { type: 'string' },
  },
})
const port = Number(values.port)
const clients = Number(values.clients)
const random = seeded(Number(values.seed ?? 1))
const lines = new Lines(port, Number(values.connections ?? 100))
await lines.opened()

const heartbeats = Array.from({ length: clients }, (_, index) =>
  requestOf('POST', `/cluster/heartbeat/${clientId(index)}`),
)
const status = requestOf('GET', '/cluster/status')
let version = 1
const requestFor = (kind: Kind, index: number): Buffer => {
  switch (kind) {
    case 'heartbeat':
      return heartbeats[index] ?? status
    case 'register':
      version += 1
      return requestOf('POST', '/cluster/register', registrationOf(index, version))
    case 'list':
      return requestOf('GET', `/cluster/services?limit=100&cursor=${clientId(index)}`)
    case 'status':
      return status
    case 'discover':
      return requestOf('GET', `/v1/discovery?service=${serviceOf(index)}`)
  }
}

const took: Record<Kind, number[]> = { heartbeat: [], register: [], list: [], status: [], discover: [] }
const failed: Record<Kind, number> = { heartbeat: 0, register: 0, list: 0, status: 0, discover: 0 }
let counting = false
let bytes = 0
const offered = await offer({
  perSecond: Number(values.rate),
  seconds: Number(values.seconds),
  warmSeconds: Number(values.warm ?? 0),
  onWarm: async () => {
    counting = true
    await lagMs(`http://127.0.0.1:${port}`)
  },
  send: (done) => {
    const kind = nextKind(random)
    const request = requestFor(kind, Math.floor(random() * clients))
    const startedAt = performance.now()
    const counts = counting
    lines.ask(request, (answered) => {
      const ok = answered.status === 200 || answered.status === 201
      if (counts && ok) took[kind].push(performance.now() - startedAt)
      if (counts && !ok) failed[kind] += 1
      bytes += answered.bytes
      done(ok)
    })
  },
})
const byKind = Object.fromEntries(
  kinds.map((kind) => [
    kind,
    {
      calls: took[kind].length,
      failed: failed[kind],
      p50Ms: percentile(took[kind], 0.5),
      p95Ms: percentile(took[kind], 0.95),
      p99Ms: percentile(took[kind], 0.99),
    },
  ]),
)
const text = JSON.stringify({ ...offered, bytes, byKind, lagMs: await lagMs(`http://127.0.0.1:${port}`) })
process.stdout.write(`${text}\n`, () => process.exit(0))
