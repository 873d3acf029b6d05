import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { createLogger } from '#shared/logging/logger.ts'
import { serveCalls } from './serve-calls.ts'

t.test('an answer is whole, however long it is and whatever it is written in', async (t) => {
  const texts = [
    'x',
    '纺',
    'x'.repeat(4_095),
    '纺'.repeat(4_095),
    'x'.repeat(4_096),
    `é${'x'.repeat(5_000)}`,
    '纺'.repeat(9_000),
  ]
  const answer = serveCalls({
    routes: texts.map((text, index) => ({
      methods: ['GET'],
      path: `/cluster/${index}`,
      answer: () => ({ status: 200, body: JSON.stringify(text) }),
    })),
    prefix: '/cluster',
    mostBytes: 1_024,
    ready: () => true,
    log: createLogger({ name: 'plane', level: 'silent' }),
  })
  const server = createServer((request, response) => answer(request, response, () => response.end()))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const { port } = server.address() as AddressInfo
  for (const [index, text] of texts.entries()) {
    const url = `http://127.0.0.1:${port}/cluster/${index}`
    const got = await fetch(url)
    t.equal(await got.json(), text)
    t.equal(Number(got.headers.get('content-length')), Buffer.byteLength(text) + 2)
    const head = await fetch(url, { method: 'HEAD' })
    t.equal(head.headers.get('content-length'), got.headers.get('content-length'))
    t.equal(await head.text(), '')
  }
})
