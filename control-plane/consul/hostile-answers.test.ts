import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { mostAnswerBytes } from './bounds.ts'
import { ConsulClient } from './client.ts'

/** A client of a Consul that gives this answer to whatever it is asked. */
async function clientOf(t: Test, answer: (response: ServerResponse) => void): Promise<ConsulClient> {
  const server = createServer((request, response) => {
    request.resume()
    response.on('error', () => {})
    response.writeHead(200, { 'content-type': 'application/json', 'x-consul-index': '7' })
    answer(response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const client = new ConsulClient({ datacenter: 'one', address, timeoutMs: 20_000, mostSockets: 4 })
  t.teardown(() => {
    client[Symbol.dispose]()
    server.close()
    server.closeAllConnections()
  })
  return client
}

for (const body of [
  '[null]',
  '[7]',
  '["x"]',
  '[[]]',
  '[{"Value": {}}]',
  '[{"Value": 7}]',
  '[{"hasOwnProperty": 1}]',
  '[{"Value": "eA==", "ModifyIndex": "x"}]',
  '{"a":',
]) {
  t.test(`the key ${body} is a failure with a name, and no more`, async (t) => {
    const client = await clientOf(t, (response) => response.end(body))
    await t.rejects(client.readKey('a'), { code: /^CONSUL_/ })
  })
}

t.test('a node that is none is a failure with a name', async (t) => {
  const client = await clientOf(t, (response) => response.end('{"Node":"n1","Services":7}'))
  await t.rejects(client.node('n1'), { code: 'CONSUL_REFUSED' })
})

t.test('an answer that never ends is given up at its bound', async (t) => {
  let sent = 0
  const piece = Buffer.alloc(1024 * 1024, ' ')
  const client = await clientOf(t, (response) => {
    const more = () => {
      while (!response.destroyed && response.write(piece)) sent += piece.length
    }
    response.on('drain', more)
    more()
  })
  const list = async () => {
    for await (const _ of client.nodes({ key: 'a', value: 'b' }));
  }
  const asks: readonly (() => Promise<unknown>)[] = [
    () => client.readKey('a'),
    () => client.transact([]),
    () => client.node('a'),
  ]
  for (const ask of asks) {
    sent = 0
    await t.rejects(ask(), { code: /^CONSUL_/ })
    // Two are asked at once for a node; and what is on its way counts as sent.
    t.ok(sent < 3 * mostAnswerBytes, `${sent}`)
  }
  await t.rejects(list(), { code: /^CONSUL_/ })
})

t.test('one element that never ends is given up long before', async (t) => {
  const client = await clientOf(t, (response) => {
    response.write('[{"a":"')
    const more = () => {
      while (!response.destroyed && response.write(Buffer.alloc(64 * 1024, 'x')));
    }
    response.on('drain', more)
    more()
  })
  await t.rejects(
    async () => {
      for await (const _ of client.checks({ key: 'a', value: 'b' }));
    },
    { code: /^CONSUL_/ },
  )
})
