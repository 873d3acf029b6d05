import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { temporaryFolder } from '#test/support/folder.ts'
import { ZerviClient } from './client.ts'

async function served(
  t: Test,
  answer: RequestListener,
  more: { readonly token_file?: string; readonly timeout?: number } = {},
) {
  const server = createServer(answer).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const client = new ZerviClient({ url, ca_file: undefined, token_file: undefined, timeout: 10_000, ...more })
  t.teardown(() => {
    client[Symbol.dispose]()
    server.closeAllConnections()
    server.close()
  })
  return client
}

t.test('it shows the token of who is asked about, and else its own', async (t) => {
  await using folder = await temporaryFolder('zervi')
  const file = join(folder.path, 'token')
  await writeFile(file, 'own\n', { mode: 0o600 })
  const client = await served(
    t,
    (request, response) => response.end(JSON.stringify([request.method, request.url, request.headers.authorization])),
    { token_file: file },
  )
  const said = async (question: Parameters<ZerviClient['ask']>[0]) => {
    const answer = await client.ask(question)
    return answer.kind === 'answered' ? JSON.parse(answer.body.toString()) : answer
  }
  t.strictSame(await said({ method: 'POST', path: '/a?b=c', json: {}, token: 'his' }), ['POST', '/a?b=c', 'Bearer his'])
  t.strictSame(await said({ method: 'GET', path: '/a' }), ['GET', '/a', 'Bearer own'])
})

t.test('an answer that is too long is cut, and one that does not come is none', async (t) => {
  const long = await served(t, (_request, response) => response.end('x'.repeat(1024 * 1024)))
  t.match(await long.ask({ method: 'GET', path: '/' }), { kind: 'answered', truncated: true })
  const silent = await served(t, () => {}, { timeout: 200 })
  t.match(await silent.ask({ method: 'GET', path: '/' }), { kind: 'failed', why: 'no answer in time' })
  const cut = await served(t, (request) => request.socket.destroy())
  t.match(await cut.ask({ method: 'GET', path: '/' }), { kind: 'failed' })
})

t.test('no path leads to another address', async (t) => {
  const client = await served(t, (_request, response) => response.end())
  for (const path of ['@127.0.0.1:1/', '.example.org/', ':1/']) {
    t.match(await client.ask({ method: 'GET', path }), { kind: 'failed' }, path)
  }
})

t.test('a file that is not there is a failure, not an end', async (t) => {
  const client = await served(t, (_request, response) => response.end(), { token_file: '/nowhere/at/all' })
  t.match(await client.ask({ method: 'GET', path: '/' }), { kind: 'failed', why: /nowhere/ })
})
