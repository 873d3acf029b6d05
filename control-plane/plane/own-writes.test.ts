import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { Failure } from '#shared/failure/failure.ts'
import { waitFor } from '#test/support/wait.ts'
import { withOwnWrites } from './own-writes.ts'

/** A journal at revision 7 that another plane appends to. */
function journal() {
  const waiting = new Map<number, () => void>()
  let revision = 7
  return {
    waiting,
    newest: () => revision,
    lookAt<T>(wanted: number, look: () => T, withinMs: number): Promise<T> {
      if (wanted > 1_000_000) return Promise.reject(new Failure('NOT_FOUND', 'too far'))
      return new Promise<T>((resolve, reject) => {
        waiting.set(wanted, () => resolve(look()))
        setTimeout(() => reject(new Failure('NOT_FOUND', 'it did not come')), withinMs).unref()
      })
    },
    comeTo(next: number) {
      revision = next
      waiting.get(next)?.()
    },
  }
}

async function plane(t: Test, withinMs = 60_000, listener: RequestListener = (_, response) => response.end('yes')) {
  const kept = journal()
  let answered = 0
  const server = createServer((request, response) =>
    withOwnWrites(request, response, { journal: kept, withinMs }, () => {
      answered += 1
      listener(request, response)
    }),
  )
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  return { kept, url, answered: () => answered }
}

for (const { method, revision } of [
  { method: 'GET', revision: null },
  { method: 'HEAD', revision: null },
  { method: 'POST', revision: '9' },
  { method: 'PUT', revision: '9' },
  { method: 'DELETE', revision: '9' },
]) {
  t.test(`the answer to ${method} says ${revision ? 'the revision when it is written' : 'no revision'}`, async (t) => {
    const { kept, url } = await plane(t, 60_000, (_, response) => {
      kept.comeTo(9)
      response.writeHead(201, { 'content-type': 'text/plain' }).end()
    })
    const { status, headers } = await fetch(url, { method })
    t.equal(status, 201)
    t.equal(headers.get('x-heddle-revision'), revision)
  })
}

t.test('an answer whose head nobody wrote has it too, and what the leader said of itself stays', async (t) => {
  const implicit = await plane(t)
  t.equal((await fetch(implicit.url, { method: 'POST' })).headers.get('x-heddle-revision'), '7')
  const forwarded = await plane(t, 60_000, (_, response) =>
    response.writeHead(200, { 'x-heddle-revision': '12' }).end(),
  )
  t.equal((await fetch(forwarded.url, { method: 'POST' })).headers.get('x-heddle-revision'), '12')
})

for (const { asked, status, code } of [
  { asked: '0', status: 200, code: undefined },
  { asked: '7', status: 200, code: undefined },
  { asked: '2000000', status: 503, code: 'PLANE_BEHIND' },
  { asked: '-1', status: 400, code: undefined },
  { asked: 'soon', status: 400, code: undefined },
]) {
  t.test(`at revision 7, who asks for ${asked} gets ${status} at once`, async (t) => {
    const { url, answered } = await plane(t)
    const response = await fetch(url, { headers: { 'x-heddle-at-least': asked } })
    t.equal(response.status, status)
    t.equal(answered(), status === 200 ? 1 : 0)
    t.equal(response.headers.get('retry-after'), status === 503 ? '1' : null)
    if (status !== 200) t.match(await response.json(), { status, remedy: /./, ...(code ? { code } : {}) })
  })
}

t.test('who asks for what has not come is answered when it comes, with all that it sent', async (t) => {
  const { kept, url, answered } = await plane(t, 60_000, (request, response) => request.pipe(response))
  const asked = fetch(url, { method: 'POST', body: 'all of it', headers: { 'x-heddle-at-least': '9' } })
  await waitFor(() => kept.waiting.has(9), { what: 'the wait', withinMs: 20_000 })
  t.equal(answered(), 0)
  kept.comeTo(9)
  const response = await asked
  t.equal(await response.text(), 'all of it')
  t.equal(response.headers.get('x-heddle-revision'), '9')
})

t.test('what does not come in time is refused, and can be asked again', async (t) => {
  const { url, answered } = await plane(t, 20)
  const response = await fetch(url, { headers: { 'x-heddle-at-least': '9' } })
  t.equal(response.status, 503)
  t.match(await response.json(), { code: 'PLANE_BEHIND', detail: /at revision 7; revision 9/ })
  t.equal(answered(), 0)
})

t.test('who has gone meanwhile is not answered', async (t) => {
  const { kept, url, answered } = await plane(t)
  const gone = new AbortController()
  const asked = fetch(url, { headers: { 'x-heddle-at-least': '9' }, signal: gone.signal })
  await waitFor(() => kept.waiting.has(9), { what: 'the wait', withinMs: 20_000 })
  gone.abort()
  await t.rejects(asked)
  // The server has seen it go once the next one is answered.
  await fetch(url)
  kept.comeTo(9)
  await fetch(url)
  t.equal(answered(), 2)
})
