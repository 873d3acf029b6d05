import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:net'
import t from 'tap'
import { answering } from '#test/support/answering.ts'
import { serviceView } from '#test/support/views.ts'
import { Deadline } from '../deadline.ts'
import { Plane } from './plane.ts'

const never = new AbortController().signal
const planeAt = (address: string, withinMs = 20_000) => new Plane(address, new Deadline(withinMs), never)

const json =
  (value: unknown, status = 200) =>
  (_: IncomingMessage, response: ServerResponse) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))
  }

t.test('an answer is read by its schema, and what a later version adds is left out', async (t) => {
  const address = await answering(t, json([{ ...serviceView(), added_later: true }]))
  t.strictSame(await planeAt(address).services(), [serviceView()])
})

t.test('names reach the plane as they are', async (t) => {
  const asked: (string | undefined)[] = []
  const address = await answering(t, (request, response) => {
    asked.push(`${request.method} ${request.url}`)
    json({ type: 'about:blank', title: 'x', status: 404, detail: 'x' }, 404)(request, response)
  })
  const plane = planeAt(`${address}/heddle`)
  await t.rejects(plane.instance('a/b?c@节点'), { code: 'NOT_FOUND' })
  await t.rejects(plane.instances({ service: 'a&b' }), { code: 'NOT_FOUND' })
  await t.rejects(plane.admit({ kind: 'node', id: '../x' }, { admission: 'active', reason: '', by: 'a' }))
  t.strictSame(asked, [
    'GET /heddle/v1/instances/a%2Fb%3Fc%40%E8%8A%82%E7%82%B9',
    'GET /heddle/v1/instances?service=a%26b',
    'PUT /heddle/v1/nodes/..%2Fx/admission',
  ])
})

t.test('what follows a change is asked of a plane that has it, by the newest revision that was answered', async (t) => {
  const asked: (string | undefined)[] = []
  const revisions = ['7', '9', '8', 'soon']
  const address = await answering(t, (request, response) => {
    asked.push(request.headers['x-heddle-at-least']?.toString())
    const revision = request.method === 'GET' ? undefined : revisions.shift()
    if (revision !== undefined) response.setHeader('x-heddle-revision', revision)
    json({ changed: true, revision: 7 })(request, response)
  })
  const plane = planeAt(address)
  const change = () => plane.freeze({ reason: 'why', by: 'alice' })
  await t.rejects(plane.status())
  await change()
  await t.rejects(plane.status())
  for (let count = 0; count < 3; count += 1) await change()
  await t.rejects(plane.status())
  t.strictSame(asked, [undefined, undefined, '7', '7', '9', '9', '9'])
})

t.test('another program is not taken for a control plane', async (t) => {
  const page = await answering(t, (_, response) => response.end('<html>'))
  await t.rejects(planeAt(page).status(), { code: 'PLANE_ANSWER_UNREADABLE', retryable: false })
  const other = await answering(t, json({ owner: 'x' }))
  await t.rejects(planeAt(other).status(), { code: 'PLANE_ANSWER_UNREADABLE', cause: { message: /installation/ } })
})

t.test('a redirection is not followed: a change must not go elsewhere', async (t) => {
  const address = await answering(t, (_, response) => response.writeHead(302, { location: '/elsewhere' }).end())
  await t.rejects(planeAt(address).freeze({ reason: '', by: 'a' }), { code: 'PLANE_ANSWER_UNREADABLE' })
})

t.test('nothing is tried twice', async (t) => {
  let asked = 0
  const address = await answering(t, (request, response) => {
    asked += 1
    json({ type: 'about:blank', title: 'x', status: 503, detail: 'x' }, 503)(request, response)
  })
  await t.rejects(planeAt(address).status(), { code: 'PLANE_FAILED', retryable: true })
  t.equal(asked, 1)
})

t.test('a plane that is asked within TLS and speaks none is told so in plain words', async (t) => {
  const server = createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')).listen(0, '127.0.0.1')
  t.teardown(() => server.close())
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  await t.rejects(planeAt(`https://127.0.0.1:${port}`).nodes(), {
    code: 'PLANE_UNREACHABLE',
    cause: { message: 'what answers there is not TLS' },
  })
})

t.test('a port where nobody listens is an unreachable plane', async (t) => {
  const port = await new Promise<number>((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
  await t.rejects(planeAt(`http://127.0.0.1:${port}`).nodes(), {
    code: 'PLANE_UNREACHABLE',
    retryable: true,
    message: `could not list nodes at http://127.0.0.1:${port}`,
    cause: { message: /ECONNREFUSED/ },
  })
})

t.test('a plane that hangs costs no more than the time given', async (t) => {
  const address = await answering(t, () => {})
  const begun = performance.now()
  await t.rejects(planeAt(address, 150).status(), { code: 'PLANE_UNREACHABLE', cause: { message: /Timeout/ } })
  await t.rejects(planeAt(address, 60_000).status(150), { code: 'PLANE_UNREACHABLE' })
  t.ok(performance.now() - begun < 30_000)
})

t.test('a request ends when the command is to end', async (t) => {
  const stop = new AbortController()
  const address = await answering(t, () => stop.abort())
  await t.rejects(new Plane(address, new Deadline(60_000), stop.signal).status())
})

t.test('a list that comes in pages is read to its end', async (t) => {
  const asked: (string | undefined)[] = []
  const address = await answering(t, (request, response) => {
    asked.push(request.url)
    const isLast = request.url?.includes('after') ?? false
    const link = isLast ? {} : { link: '</v1/services?limit=1&after=%E8%8A%82+1>; rel="next"' }
    const view = serviceView({ name: isLast ? 'b' : '节 1' })
    response.writeHead(200, { 'content-type': 'application/json', ...link }).end(JSON.stringify([view]))
  })
  const services = await planeAt(address).services()
  t.strictSame(
    services.map(({ name }) => name),
    ['节 1', 'b'],
  )
  t.strictSame(asked, ['/v1/services', '/v1/services?after=%E8%8A%82+1'])
})
