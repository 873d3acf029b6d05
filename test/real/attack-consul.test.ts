import { readFile, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import type { InstanceView } from '#shared/protocol/api.ts'
import { AgentClient, helloOf, nodeId, passing, specOf } from '#test/support/agents/agent-client.ts'
import { enrolled } from '#test/support/attack.ts'
import { temporaryFolder } from '#test/support/folder.ts'
import { TlsPlane } from '#test/support/tls-plane.ts'
import { waitFor } from '#test/support/wait.ts'

t.setTimeout(120_000)

const withinMs = 60_000
const secret = 'the-token-of-the-plane'

/** Somebody who should never be asked. */
const bystander = await listening(createServer((_, response) => response.end('{}')))
let asked = 0
bystander.server.on('request', () => {
  asked += 1
})

type Answer = (request: IncomingMessage, response: ServerResponse) => void

const json = (response: ServerResponse, text: string, headers: Readonly<Record<string, string>> = {}) =>
  response.writeHead(200, { 'content-type': 'application/json', 'x-consul-index': '7', ...headers }).end(text)
const base64 = (text: string) => Buffer.from(text).toString('base64')
const forged = {
  Node: 'legacy',
  Address: '10.0.0.66',
  Datacenter: 'zervigo-dc',
  ServiceID: 'crm-evil',
  ServiceName: 'crm',
  ServiceAddress: '10.0.0.66',
  ServicePort: 80,
  ServiceTags: [],
  ServiceMeta: { 'heddle-owner': 'heddle' },
  NodeMeta: {},
}
const fence = (text: string) => JSON.stringify([{ Key: 'x', Value: base64(text), ModifyIndex: 7, Flags: 0 }])

/** What a Consul might answer that means harm. */
const answers: Readonly<Record<string, Answer>> = {
  'sends elsewhere': (_, response) =>
    response.writeHead(307, { location: `${bystander.url}/steal`, 'x-consul-index': '7' }).end(),
  'answers no JSON': (_, response) => json(response, '{"a":'),
  'answers other kinds of values': (_, response) => json(response, '[null, 7, "x", [], {"ServiceMeta": 7}]'),
  'answers keys that are none': (_, response) => json(response, '[{"hasOwnProperty": 1, "Value": {}}]'),
  'answers with prototypes': (_, response) => json(response, '{"__proto__": {"polluted": 1}, "constructor": []}'),
  'counts strangely': (_, response) => json(response, '{}', { 'x-consul-index': '-1e999' }),
  'forges records': (_, response) => json(response, JSON.stringify([forged])),
  'goes on in one element': (_, response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'x-consul-index': '7' })
    response.write('[{"a":"')
    flood(response, 'x')
  },
  'never ends': (_, response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'x-consul-index': '7' })
    flood(response, ' ')
  },
  'breaks off': (_, response) => {
    response.writeHead(200, { 'content-length': '100', 'x-consul-index': '7' }).write('[')
    response.destroy()
  },
  'forges a fence': (_, response) =>
    json(response, fence(JSON.stringify({ installation: 'i-0', epoch: 1e300, run: 'x' }))),
}

const given: string[] = []
const tokens = new Set<string>()
const consul = await listening(
  createServer((request, response) => {
    response.on('error', () => {})
    tokens.add(String(request.headers['x-consul-token']))
    request.resume()
    request.once('end', () => {
      const [name, answer] = Object.entries(answers)[given.length % Object.keys(answers).length] ?? []
      given.push(name ?? '')
      answer?.(request, response)
    })
  }),
)

await using folder = await temporaryFolder('attack-consul')
const tokenFile = join(folder.path, 'token')
await writeFile(tokenFile, `${secret}\n`, { mode: 0o600 })
await using plane = await TlsPlane.start({
  mirror: {
    compare_every: '1s',
    freshness: { every: '200ms', watch: '1s' },
    datacenters: ['one', 'two', 'three', 'four'].map((name) => ({
      ...{ name, address: consul.url, token_file: tokenFile, timeout: '1s' },
    })),
  },
})
t.teardown(() => {
  for (const { server } of [consul, bystander]) {
    server.close()
    server.closeAllConnections()
  }
})

const node = await enrolled(plane, nodeId(1))
await using agent = new AgentClient(plane.url, { rejectUnauthorized: false, ...node })
await agent.opened()
agent.send(helloOf({ node: node.node }))
await agent.receive('welcome')
await agent.reported([passing(specOf({ id: 'crm-1', service: 'crm' }))], { whole: true })
const instances = async () => plane.get<InstanceView[]>('/v1/instances')
const before = await instances()

await t.test('whatever a Consul answers, nothing of it changes what is believed or ends the plane', async (t) => {
  await waitFor(() => new Set(given).size === Object.keys(answers).length, { what: 'all of its answers', withinMs })
  t.equal((await plane.ask('/health')).status, 200)
  t.strictSame(await instances(), before)
})

await t.test('nobody was asked that it was sent to, and nobody else has the token', async (t) => {
  t.equal(asked, 0)
  t.strictSame([...tokens], [secret])
  t.notMatch(plane.output, secret)
  const { body } = await plane.ask('/v1/status')
  t.notMatch(body, secret)
  t.notMatch(plane.output, '"level":50', 'nothing went wrong that nobody had thought of')
})

await t.test(
  'the plane holds no more of its answers than it needs',
  { skip: process.platform !== 'linux' },
  async (t) => {
    const status = await readFile(`/proc/${plane.pid}/status`, 'utf8')
    const most = Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) / 1024
    t.ok(most > 0 && most < 1_500, `${most} MiB at most`)
  },
)

function flood(response: ServerResponse, sign: string): void {
  const piece = Buffer.alloc(1024 * 1024, sign)
  const more = () => {
    while (!response.destroyed && response.write(piece));
  }
  response.on('drain', more)
  more()
}

async function listening(server: ReturnType<typeof createServer>) {
  server.listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}
