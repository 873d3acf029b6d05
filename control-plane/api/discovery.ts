import { type Request, type Response, Router } from 'express'
import { DiscoveryQuery, TargetsQuery } from '#shared/protocol/discovery-list.ts'
import type { Answer, Discovery } from '../foreign/discovery/serve.ts'
import { readQuery, sendProblem } from './problem.ts'
import type { Readers } from './readers.ts'

/** Where an answer tells its index, as Consul does. */
export const indexHeader = 'x-heddle-index'
const retryAfterSeconds = 5

/** What is where, for clients: a list to keep and to watch, and one for Prometheus. */
export function discoveryRouter(discovery: Discovery, readers: Readers): Router {
  const router = Router()

  router.get('/discovery', async (request, response) => {
    const { index, wait, ...narrowing } = readQuery(DiscoveryQuery, request.query)
    if (request.accepts(['application/json', 'text/event-stream']) === 'text/event-stream') {
      await sendEvents(response, { discovery, readers }, narrowing)
      return
    }
    if (index === undefined) {
      send(request, response, await discovery.now('discovery', narrowing), discovery.lifetimeMs)
      return
    }
    const gone = goneSignal(response)
    const answer = await discovery.next(narrowing, { index, waitMs: wait }, gone)
    if (answer === 'busy') refuseWatcher(response)
    else if (!gone.aborted) send(request, response, answer, 0)
  })

  router.get('/discovery/prometheus', async (request, response) => {
    const narrowing = readQuery(TargetsQuery, request.query)
    send(request, response, await discovery.now('targets', narrowing), discovery.lifetimeMs)
  })

  return router
}

/** One server-sent event with the whole answer at once, and one whenever it is another one. */
async function sendEvents(
  response: Response,
  { discovery, readers }: { readonly discovery: Discovery; readonly readers: Readers },
  narrowing: Parameters<Discovery['next']>[0],
): Promise<void> {
  const gone = goneSignal(response)
  let index = -1
  while (!gone.aborted) {
    const answer = await discovery.next(narrowing, { index, waitMs: 15_000 }, gone)
    if (gone.aborted) return
    if (answer === 'busy') {
      if (response.headersSent) response.end()
      else refuseWatcher(response)
      return
    }
    if (!response.headersSent) response.status(200).set('cache-control', 'no-store').type('text/event-stream')
    // A line now and then tells a dead connection from a quiet fleet.
    const text = answer.index === index ? ':\n\n' : `id: ${answer.index}\nevent: discovery\ndata: ${answer.body}\n\n`
    index = answer.index
    if (!response.write(text)) await readers.drained(response, gone)
  }
}

function send(request: Request, response: Response, { body, etag, index }: Answer, lifetimeMs: number): void {
  const lifetime = lifetimeMs > 0 ? `max-age=${Math.floor(lifetimeMs / 1000)}` : 'no-cache'
  const headers = { etag, 'cache-control': lifetime, [indexHeader]: String(index) }
  const known = (request.get('if-none-match') ?? '').split(',').map((tag) => tag.trim().replace(/^W\//, ''))
  if (known.includes(etag)) response.writeHead(304, headers).end()
  else {
    const about = { 'content-type': 'application/json; charset=utf-8', 'content-length': body.length }
    response.writeHead(200, { ...headers, ...about })
    response.end(request.method === 'HEAD' ? undefined : body)
  }
}

function refuseWatcher(response: Response): void {
  response.set('retry-after', String(retryAfterSeconds))
  sendProblem(response, 503, 'Too many callers wait for news already.', {
    remedy: 'Ask without `index`, or raise discovery.most_watchers.',
  })
}

function goneSignal(response: Response): AbortSignal {
  const gone = new AbortController()
  response.on('close', () => gone.abort())
  return gone.signal
}
