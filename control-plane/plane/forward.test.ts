import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer, type RequestListener } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import t, { type Test } from 'tap'
import type { Failure } from '#shared/failure/failure.ts'
import { certificate, noCertificates } from '#test/support/certificates.ts'
import { temporaryFolder } from '#test/support/folder.ts'
import { waitFor } from '#test/support/wait.ts'
import type { ReplicaSeen } from '../replicas/replica.ts'
import { forwardToLeader, isForLeader } from './forward.ts'

// What nobody reads is given up after ten seconds.
t.setTimeout(90_000)

for (const { asked, leader } of [
  { asked: 'POST /v1/routing/versions', leader: true },
  { asked: 'GET /v1/routing/versions?limit=5', leader: true },
  { asked: 'GET /v1/routing/versions/7', leader: true },
  { asked: 'POST /v1/routing/splits/crm', leader: true },
  { asked: 'POST /v1/routing/rollback', leader: true },
  { asked: 'GET /v1/routing', leader: true },
  { asked: 'POST /v1/datacenters/zervigo-dc/sweep', leader: true },
  { asked: 'POST /v1/datacenters/zervigo-dc/deletions', leader: true },
  { asked: 'GET /v1/datacenters/zervigo-dc/lint', leader: false },
  { asked: 'POST /v1/routing/explain', leader: false },
  { asked: 'GET /v1/routing/gateways/edge/routes', leader: false },
  { asked: 'GET /v1/status', leader: false },
  { asked: 'PUT /v1/instances/crm-1/admission', leader: false },
  { asked: 'POST /cluster/register', leader: false },
]) {
  t.test(`${asked} is ${leader ? 'for the leader' : 'for any plane'}`, async (t) => {
    const [method = '', path = ''] = asked.split(' ')
    t.equal(isForLeader(method, path), leader)
  })
}

const about = { holder: 'one', key: 'k', machine: 'm', site: 's', version: '1', state: 'serving' } as const
const replica = (run: string, api: string): ReplicaSeen => ({
  ...{ run, api, ...about, revision: 0, sessions: 0, agoMs: 0, forMs: 0, self: false, alive: true },
})

async function listening(t: Test, answer: RequestListener, server = createServer()) {
  server.on('request', answer)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** A plane that knows a leader, or none. */
function plane(t: Test, leader: ReplicaSeen | undefined, leads = false) {
  return listening(t, (request, response) => {
    const refuse = ({ code }: Failure) => response.writeHead(503).end(code)
    const lead = { leads: () => leads, leader: () => leader && { run: leader.run, holder: 'one', epoch: 1 } }
    const find = (run: string) => (run === leader?.run ? leader : undefined)
    if (!forwardToLeader(request, response, { lead, find }, refuse)) response.end('itself')
  })
}

const ask = async (url: string, method: string, body?: string) => {
  const response = await fetch(`${url}/v1/routing/versions?x=1`, { method, ...(body ? { body } : {}) })
  return `${response.status} ${await response.text()}`
}

t.test('the leader gets the request as it came, and its answer goes back as it is', async (t) => {
  const url = await listening(t, async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    response.writeHead(412, { etag: '"7"' }).end(`${request.method} ${request.url} ${Buffer.concat(chunks)}`)
  })
  const follower = await plane(t, replica('r2', url))
  t.equal(await ask(follower, 'POST', 'hello'), '412 POST /v1/routing/versions?x=1 hello')
  const { headers } = await fetch(`${follower}/v1/routing/versions`)
  t.equal(headers.get('etag'), '"7"')
})

t.test('a plane that leads answers itself', async (t) => {
  t.equal(await ask(await plane(t, replica('r1', 'http://127.0.0.1:1'), true), 'POST'), '200 itself')
})

for (const { what, leader } of [
  { what: 'none leads', leader: undefined },
  { what: 'it is not there any more', leader: { ...replica('r2', 'http://127.0.0.1:1'), alive: false } },
]) {
  t.test(`where ${what}, reads are answered here, and all else is refused with what to do`, async (t) => {
    const follower = await plane(t, leader)
    t.equal(await ask(follower, 'GET'), '200 itself')
    t.equal(await ask(follower, 'POST'), '503 LEADER_AWAY')
  })
}

t.test('one that does not answer is told', async (t) => {
  t.equal(await ask(await plane(t, replica('r2', 'http://127.0.0.1:1')), 'POST', 'x'), '503 LEADER_AWAY')
})

t.test('two that take each other for the leader do not go on for ever', async (t) => {
  const seen = { one: '', two: '' }
  const make = (other: 'one' | 'two') =>
    listening(t, (request, response) => {
      const lead = { leads: () => false, leader: () => ({ run: other, holder: other, epoch: 1 }) }
      const refuse = ({ code }: Failure) => response.writeHead(503).end(code)
      const find = () => replica(other, seen[other])
      if (!forwardToLeader(request, response, { lead, find }, refuse)) response.end('itself')
    })
  seen.one = await make('two')
  seen.two = await make('one')
  t.equal(await ask(seen.one, 'POST'), '503 LEADER_AWAY')
  t.equal(await ask(seen.one, 'GET'), '200 itself')
})

t.test(
  'a leader that is reached over TLS gets the request if its certificate is believed',
  { skip: await noCertificates() },
  async (t) => {
    await using folder = await temporaryFolder('forward')
    const { cert, key } = await certificate(folder.path, 'leader', ['localhost'])
    const credentials = { cert: await readFile(cert, 'utf8'), key: await readFile(key, 'utf8') }
    const answer: RequestListener = async (request, response) => response.end(`secret ${await text(request)}`)
    const url = await listening(t, answer, createTlsServer(credentials))
    const follower = await plane(t, replica('r2', url.replace('http://127.0.0.1', 'https://localhost')))
    t.equal(await ask(follower, 'POST', 'hello'), '503 LEADER_AWAY')
    const believed = getCACertificates()
    t.teardown(() => setDefaultCACertificates(believed))
    setDefaultCACertificates([...believed, credentials.cert])
    t.equal(await ask(follower, 'POST', 'hello'), '200 secret hello')
  },
)

for (const api of ['nonsense', 'ftp://127.0.0.1', 'unix:/run/plane']) {
  t.test(`a leader at ${api} cannot be asked, and is away`, async (t) => {
    t.equal(await ask(await plane(t, replica('r2', api)), 'POST', 'x'), '503 LEADER_AWAY')
  })
}

t.test('headers that concern one connection alone are not passed on', async (t) => {
  const url = await listening(t, ({ headers }, response) =>
    response.setHeader('keep-alive', 'timeout=77').end(JSON.stringify(headers)),
  )
  const follower = new URL(await plane(t, replica('r2', url)))
  const client = connect(Number(follower.port), follower.hostname)
  const asked = ['POST /v1/routing/plan HTTP/1.1', 'Host: x', 'Connection: close', 'Content-Length: 1', 'x-mine: yes']
  // Node throws at the first byte of a request with a trailer that is not sent in chunks.
  client.write([...asked, 'Trailer: x-sum', 'TE: trailers', 'Expect: 100-continue', '', 'x'].join('\r\n'))
  const told = await text(client)
  t.match(told, /HTTP\/1.1 200 OK/)
  t.match(told, /"x-mine":"yes"/)
  t.notMatch(told, /"trailer"|"te"|"expect"|timeout=77/)
})

t.test('of an answer that its caller does not read no more is fetched, and in the end it is given up', async (t) => {
  const piece = Buffer.alloc(64 * 1024, 'x')
  let told = 0
  let isCutOff = false
  const url = await listening(t, (_request, response) => {
    const go = () => {
      while (!response.destroyed) {
        told += piece.length
        if (!response.write(piece)) return
      }
    }
    response.on('drain', go).on('close', () => {
      isCutOff = true
    })
    go()
  })
  const follower = new URL(await plane(t, replica('r2', url)))
  const client = connect(Number(follower.port), follower.hostname)
  t.teardown(() => client.destroy())
  client.pause()
  client.write('GET /v1/routing/versions HTTP/1.1\r\nHost: x\r\n\r\n')
  await waitFor(() => isCutOff, { what: 'the end of the answer', withinMs: 40_000 })
  // What sockets hold on the way, twice, and nothing besides.
  t.ok(told < 32_000_000, `${told} bytes`)
})

t.test('of a caller that is gone nothing more is fetched', async (t) => {
  let isCutOff = false
  const url = await listening(t, (_request, response) => {
    response.write('one')
    response.on('close', () => {
      isCutOff = true
    })
  })
  const follower = new URL(await plane(t, replica('r2', url)))
  const client = connect(Number(follower.port), follower.hostname)
  client.write('GET /v1/routing/versions HTTP/1.1\r\nHost: x\r\n\r\n')
  await once(client, 'data')
  client.destroy()
  t.ok(await waitFor(() => isCutOff, { what: 'the end of the question', withinMs: 30_000 }))
})
