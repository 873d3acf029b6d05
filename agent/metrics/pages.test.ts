import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import t from 'tap'
import type { Health } from '#shared/protocol/check.ts'
import { waitFor } from '#test/support/wait.ts'
import { fetchPage, mostPageBytes } from './fetch-page.ts'
import type { PagePlan } from './page-plan.ts'
import { mostPerNode, Pages } from './pages.ts'

type Test = { teardown: (end: () => unknown) => void }

/** A server that answers as it is told, and counts how many requests it has at once. */
async function serve(t: Test, listener: RequestListener) {
  const seen = { requests: 0, open: 0, mostOpen: 0, paths: [] as string[] }
  const sockets = new Set<Socket>()
  const server = createServer((request, response) => {
    seen.requests += 1
    seen.open += 1
    seen.mostOpen = Math.max(seen.mostOpen, seen.open)
    seen.paths.push(request.url ?? '')
    response.on('close', () => {
      seen.open -= 1
    })
    listener(request, response)
  })
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    return new Promise((resolve) => server.close(resolve))
  })
  return { port: (server.address() as AddressInfo).port, seen }
}

function plan(instance: string, port: number, more: Partial<PagePlan> = {}): PagePlan {
  return {
    instance,
    address: '127.0.0.1',
    port,
    path: '/metrics',
    tls: false,
    everyMs: 20,
    timeoutMs: 10_000,
    keep: [],
    expected: true,
    ...more,
  }
}

const within = { withinMs: 20_000 }
const never = new AbortController().signal

t.test('a page is read, its values wait until they are taken, and are taken once', async (t) => {
  const { port, seen } = await serve(t, (_, response) => response.end('a 1\nb_total 2\n'))
  await using pages = new Pages(() => 'passing')
  pages.apply([plan('crm-1', port, { everyMs: 60_000 })])
  const taken = await waitFor(() => pages.take(), { ...within, what: 'a value', until: (all) => all.length > 0 })
  t.strictSame(taken, [{ instance: 'crm-1', name: 'a', value: 1, unit: 'count' }])
  t.strictSame(pages.take(), [])
  t.equal(seen.requests, 1)
  t.match(pages.state.pages, [{ seen: { attempt: { kind: 'read' }, dialect: 'prometheus' } }])
})

t.test('a page that hangs delays no other and is never asked for twice at once', async (t) => {
  const hung = await serve(t, () => {})
  const good = await serve(t, (_, response) => response.end('a 1\n'))
  await using pages = new Pages(() => 'passing')
  pages.apply([plan('hung-1', hung.port, { timeoutMs: 50 }), plan('good-1', good.port)])
  await waitFor(() => good.seen.requests > 10 && hung.seen.requests > 2, { ...within, what: 'both to be asked often' })
  t.equal(hung.seen.mostOpen, 1)
  t.equal(good.seen.mostOpen, 1)
  const states = Object.fromEntries(pages.state.pages.map(({ plan, seen }) => [plan.instance, seen?.attempt]))
  t.strictSame(states, { 'hung-1': { kind: 'failed', why: 'timeout' }, 'good-1': { kind: 'read' } })
})

t.test('a page that nobody spoke of is tried once', async (t) => {
  const { port, seen } = await serve(t, (_, response) => response.writeHead(404).end('not found'))
  await using pages = new Pages(() => 'passing')
  pages.apply([plan('crm-1', port, { expected: false })])
  const state = await waitFor(() => pages.state.pages[0]?.seen, { ...within, what: 'the attempt' })
  t.strictSame(state?.attempt, { kind: 'absent', why: 'http 404' })
  t.ok((state?.nextAt ?? 0) > performance.now() + 500_000)
  t.equal(seen.requests, 1)
})

t.test('an instance that does not answer its checks is not asked for its metrics', async (t) => {
  const { port, seen } = await serve(t, (_, response) => response.end('a 1\n'))
  const health: { now: Health } = { now: 'critical' }
  let asked = 0
  await using pages = new Pages(() => {
    asked += 1
    return health.now
  })
  pages.apply([plan('crm-1', port)])
  await waitFor(() => asked > 1, { ...within, what: 'two looks at its health' })
  t.equal(seen.requests, 0)
  health.now = 'warning'
  await waitFor(() => seen.requests > 0, { ...within, what: 'the page' })
})

t.test('a page that is planned otherwise is read otherwise, and one that is gone no more', async (t) => {
  const { port, seen } = await serve(t, (_, response) => response.end('a 1\n'))
  await using pages = new Pages(() => 'passing')
  pages.apply([plan('crm-1', port)])
  await waitFor(() => seen.paths.includes('/metrics'), { ...within, what: 'the first page' })
  pages.apply([plan('crm-1', port, { path: '/stats?format=prometheus' })])
  await waitFor(() => seen.paths.includes('/stats?format=prometheus'), { ...within, what: 'the second page' })
  t.equal(seen.mostOpen, 1)
  pages.apply([])
  t.strictSame([pages.state.pages, pages.take()], [[], []])
})

t.test('a node has a bounded number of values, chosen by the ids of its instances', async (t) => {
  const text = Array.from({ length: 150 }, (_, n) => `a_${n} 1\n`).join('')
  const { port } = await serve(t, (_, response) => response.end(text))
  await using pages = new Pages(() => 'passing')
  const ids = Array.from({ length: 12 }, (_, n) => `crm-${String(n).padStart(2, '0')}`)
  pages.apply(ids.toReversed().map((id) => plan(id, port, { everyMs: 60_000, keep: ['*'] })))
  await waitFor(() => pages.state.pages.every(({ seen }) => seen !== undefined), { ...within, what: 'all pages' })
  const taken = pages.take()
  t.equal(taken.length, mostPerNode)
  t.strictSame([...new Set(taken.map(({ instance }) => instance))], ids.slice(0, 10))
  t.match(pages.state.dropped, { too_many: 12 * 50, node_full: 200 })
})

t.test('what is fetched is bounded, not followed, and never rejects', async (t) => {
  const { port, seen } = await serve(t, (request, response) => {
    if (request.url === '/long') response.end(Buffer.alloc(3 * mostPageBytes, 'a 1\n'))
    else if (request.url === '/moved') response.writeHead(302, { location: '/long' }).end()
    else if (request.url === '/half')
      response.writeHead(200, { 'content-length': 100 }).end('a 1', () => request.socket.destroy())
    else request.socket.end('this is not HTTP\r\n\r\n')
  })
  const fetched = (path: string, more: Partial<PagePlan> = {}) =>
    fetchPage(plan('crm-1', port, { path, ...more }), never)
  const long = await fetched('/long')
  t.match(long, { kind: 'answer', status: 200, truncated: true })
  t.equal(long.kind === 'answer' && long.body.length, mostPageBytes)
  t.match(await fetched('/moved'), { kind: 'answer', status: 302 })
  t.match(await fetched('/half'), { kind: 'failed' })
  t.match(await fetched('/other'), { kind: 'failed', why: /HPE_/ })
  t.match(await fetched('/long', { host: 'a\nb' }), { kind: 'failed', why: /header/i })
  t.match(await fetched('/long', { tls: true }), { kind: 'failed' })
  t.match(await fetched('/a b/健康?x=%20'), { kind: 'failed' })
  t.strictSame(seen.paths.at(-1), '/a%20b/%E5%81%A5%E5%BA%B7?x=%20')
  t.match(await fetchPage(plan('crm-1', port), AbortSignal.abort()), { kind: 'failed', why: 'given up' })
})

t.test('nothing listens: it says so', async (t) => {
  t.match(await fetchPage(plan('crm-1', 1), never), { kind: 'failed', why: 'ECONNREFUSED' })
})
