import { once } from 'node:events'
import { createServer, get, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { readBounded } from './read-bounded.ts'

async function read(answer: (response: ServerResponse) => void) {
  const server = createServer((_, response) => answer(response)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  try {
    const request = get({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', agent: false })
    request.on('error', () => {})
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    return await readBounded(response, 10)
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

t.test('an answer is read to its end, up to so many bytes', async (t) => {
  const whole = await read((response) => response.write('01234') && response.end('56789'))
  t.strictSame(whole, { body: Buffer.from('0123456789'), truncated: false })
  t.strictSame(await read((response) => response.end()), { body: Buffer.alloc(0), truncated: false })
})

t.test('one that is larger is let go, and nothing of it is given, though it never ends', async (t) => {
  t.strictSame(await read((response) => response.write('0123456789A')), { body: Buffer.alloc(0), truncated: true })
})

t.test('one that is broken off is no answer', async (t) => {
  await t.rejects(read((response) => response.write('01', () => response.destroy())))
})
