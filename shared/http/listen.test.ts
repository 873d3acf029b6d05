import { once } from 'node:events'
import { createServer, request } from 'node:http'
import { connect } from 'node:net'
import t from 'tap'
import { listen } from './listen.ts'

const loopback = { address: '127.0.0.1', port: 0 }

t.test('a server listens within its block, and says on which port', async (t) => {
  const server = createServer((_, response) => response.end('here'))
  let port = 0
  {
    await using listening = await listen(server, loopback, 'api.port')
    port = listening.port
    t.equal(await (await fetch(`http://127.0.0.1:${port}`)).text(), 'here')
  }
  await t.rejects(fetch(`http://127.0.0.1:${port}`))
})

t.test('what has come is answered to the last before the block ends', async (t) => {
  const server = createServer((_, response) => setTimeout(() => response.end('late'), 100))
  const answer = await (async () => {
    await using listening = await listen(server, loopback, 'api.port')
    const asked = once(server, 'request')
    const answer = fetch(`http://127.0.0.1:${listening.port}`).then((response) => response.text())
    await asked
    await listening.finish(30_000)
    return answer
  })()
  t.equal(answer, 'late')
  t.equal(server.listening, false)
})

t.test('a request that hangs does not keep the block from ending', async (t) => {
  const server = createServer(() => {})
  const idle = await (async () => {
    await using listening = await listen(server, loopback, 'api.port')
    const asked = once(server, 'request')
    const idle = request({ port: listening.port, host: '127.0.0.1' }).end()
    idle.on('error', () => {})
    await asked
    return idle
  })()
  await closed(idle)
  t.equal(server.listening, false)
})

t.test('a connection that says nothing does not keep the block from ending', async (t) => {
  const server = createServer()
  const silent = await (async () => {
    await using listening = await listen(server, loopback, 'api.port')
    const accepted = once(server, 'connection')
    const silent = connect(listening.port, '127.0.0.1')
    silent.on('error', () => {})
    await accepted
    return silent
  })()
  await closed(silent)
  t.equal(server.listening, false)
})

const upgrade = 'GET /agents HTTP/1.1\r\nHost: here\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'

t.test('an upgrade that nobody takes does not keep the block from ending', async (t) => {
  const server = createServer().on('upgrade', () => {})
  const client = await (async () => {
    await using listening = await listen(server, loopback, 'api.port')
    const asked = once(server, 'upgrade')
    const client = connect({ port: listening.port, host: '127.0.0.1', allowHalfOpen: true }).on('error', () => {})
    client.write(upgrade)
    await asked
    return client
  })()
  client.resume().end()
  await closed(client)
  t.equal(server.listening, false)
})

t.test('an upgrade that nobody takes may be reset', async (t) => {
  const server = createServer().on('upgrade', () => {})
  await using listening = await listen(server, loopback, 'api.port')
  const asked = once(server, 'upgrade')
  const client = connect(listening.port, '127.0.0.1').on('error', () => {})
  client.write(upgrade)
  const [, socket] = await asked
  client.resetAndDestroy()
  await closed(socket)
  t.ok(socket.destroyed)
})

t.test('a taken port is a failure that names address, port and setting', async (t) => {
  await using taken = await listen(createServer(), loopback, 'first')
  await t.rejects(listen(createServer(), { ...loopback, port: taken.port }, 'api.port'), {
    code: 'PORT_TAKEN',
    message: `cannot listen on 127.0.0.1:${taken.port} (api.port)`,
    cause: { code: 'EADDRINUSE' },
  })
})

/** Unlike `once` of Node, an error before does not matter. */
function closed(stream: { closed: boolean; once: (event: 'close', listener: () => void) => unknown }): Promise<void> {
  return new Promise((resolve) => (stream.closed ? resolve() : void stream.once('close', resolve)))
}
