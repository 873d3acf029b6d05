import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import t from 'tap'
import { finishAnswers } from './finish-answers.ts'

const question = 'GET / HTTP/1.1\r\nhost: a\r\n\r\n'

/** A server whose answers wait until they are told to go, and a way to have a connection that it has taken. */
async function serving(withinMs: number) {
  const waiting: ServerResponse[] = []
  const server = createServer((_, response) => waiting.push(response))
  const finish = finishAnswers(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    server,
    close: async () => {
      await finish(withinMs)
      server.closeAllConnections()
    },
    async connected(): Promise<Socket> {
      const taken = once(server, 'connection')
      const socket = connect(port, '127.0.0.1')
      await taken
      return socket
    },
    async asked(socket: Socket): Promise<ServerResponse> {
      const come = once(server, 'request')
      socket.write(question)
      await come
      const [response] = waiting.splice(0)
      if (!response) throw new Error('no question came')
      return response
    },
  }
}

await t.test('a connection that was taken and has not asked yet is answered', async (t) => {
  const { close, connected, asked } = await serving(10_000)
  const socket = await connected()
  const closed = close()
  const answer = await asked(socket)
  answer.end('late')
  t.match(await text(socket), /^HTTP\/1\.1 200 OK.*connection: close.*late/is)
  await closed
})

await t.test('a question under way is answered, and its connection ends', async (t) => {
  const { close, connected, asked } = await serving(10_000)
  const socket = await connected()
  const answer = await asked(socket)
  const closed = close()
  answer.end('answer')
  t.match(await text(socket), /connection: close.*answer/is)
  await closed
})

await t.test('a connection kept for a next question is closed at once', async (t) => {
  const { close, connected, asked } = await serving(60_000)
  const socket = await connected()
  const answer = await asked(socket)
  answer.end('one')
  await once(answer, 'close')
  const [, rest] = await Promise.all([close(), text(socket)])
  t.match(rest, /connection: keep-alive.*one/is)
})

await t.test('a connection that was upgraded goes on, and nobody waits for it', async (t) => {
  const { server, close, connected } = await serving(60_000)
  const upgraded = once(server, 'upgrade')
  const socket = await connected()
  socket.write('GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: words\r\n\r\n')
  const [, wire] = await upgraded
  await close()
  wire.end('still here')
  t.equal(await text(socket), 'still here')
})

await t.test('who says nothing, or is not answered, does not keep it open', async (t) => {
  const { close, connected, asked } = await serving(50)
  const silent = await connected()
  const unanswered = await connected()
  await asked(unanswered)
  await close()
  t.equal(await text(silent), '')
  t.equal(await text(unanswered).catch(() => ''), '')
})
