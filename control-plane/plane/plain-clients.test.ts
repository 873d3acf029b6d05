import { createServer } from 'node:http'
import t from 'tap'
import { logLines } from '#test/support/store/journal.ts'
import { PlainClients } from './plain-clients.ts'

const config = {
  address: '127.0.0.1',
  port: 0,
  ranges: ['127.0.0.0/8'],
  services: ['crm'],
  until: '2027-06-30',
}

async function asked(plain: PlainClients, path: string) {
  await using listening = await plain.listen((request, response, next) => {
    if (request.url === '/cluster/register') response.end(String(plain.limitsOf(request)?.services))
    else next()
  })
  const response = await fetch(`http://127.0.0.1:${listening.port}${path}`, { signal: AbortSignal.timeout(10_000) })
  return { status: response.status, text: await response.text() }
}

const before = Date.parse('2027-01-01')

t.test('who comes from where it is for is answered within its limits, and counted', async (t) => {
  const plain = new PlainClients(config, logLines().log, () => before)
  t.strictSame(await asked(plain, '/cluster/register'), { status: 200, text: 'crm' })
  t.equal((await asked(plain, '/v1/nodes')).status, 403, 'nothing else is answered')
  t.strictSame(plain.counts(), { plain_answered: 1, plain_refused_call: 1 })
  t.match(plain.problems(), [/1 addresses \(.*127\.0\.0\.1\).*it ends at 2027-06-30/])
})

t.test('who comes from elsewhere is refused', async (t) => {
  const plain = new PlainClients({ ...config, ranges: ['10.0.0.0/8'] }, logLines().log, () => before)
  t.equal((await asked(plain, '/cluster/register')).status, 403)
  t.strictSame(plain.counts(), { plain_answered: 0, plain_refused_address: 1 })
})

t.test('after its end nobody is answered, and somebody is told to take it away', async (t) => {
  const plain = new PlainClients(config, logLines().log, () => Date.parse('2027-07-01'))
  t.match(await asked(plain, '/cluster/register'), { status: 403, text: /ended at 2027-06-30/ })
  t.match(plain.problems(), [/take `ingest.clients.plain` out/])
})

t.test('a request that came another way has no limits', async (t) => {
  const plain = new PlainClients(config, logLines().log, () => before)
  const server = createServer()
  server.on('request', (request, response) => response.end(String(plain.limitsOf(request))))
  server.listen(0, '127.0.0.1')
  t.teardown(() => server.close())
  await new Promise((resolve) => server.once('listening', resolve))
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : 0
  t.equal(await (await fetch(`http://127.0.0.1:${port}/`)).text(), 'undefined')
})
