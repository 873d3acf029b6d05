import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { type ApiPlane, apiPlane } from '#test/support/api-plane.ts'
import { instanceRegistered, judged, nodeJoined } from '#test/support/fleet-builder.ts'
import { temporaryFolder } from '#test/support/folder.ts'
import { freePort } from '#test/support/ports.ts'
import { waitFor } from '#test/support/wait.ts'
import type { Failure } from '../failure/failure.ts'
import { createLogger } from '../logging/logger.ts'
import { type ClientOptions, deadlineHeader, type FederationClient, leftOf, openClient } from './client.ts'

type Answering = (request: IncomingMessage, response: ServerResponse) => void

/** A plane, and one server of `crm` in each cluster unless told otherwise. */
class Scene {
  readonly plane: ApiPlane
  readonly #t: Test
  readonly servers = new Map<string, Server>()

  constructor(t: Test, plane: ApiPlane) {
    this.#t = t
    this.plane = plane
  }

  static async open(t: Test, clusters: readonly string[] = ['zervigo', 'looma']): Promise<Scene> {
    const plane = await apiPlane(t, [])
    const scene = new Scene(t, plane)
    for (const [index, cluster] of clusters.entries()) {
      await scene.add(`crm-${index}`, cluster, (request, response) => {
        response.end(`${cluster} ${request.method} ${request.url}`)
      })
    }
    return scene
  }

  async change(...changes: readonly Parameters<ApiPlane['record']>[0][]): Promise<void> {
    for (const change of changes) await this.plane.record(change, { by: 'agent:test' })
  }

  /** A server that answers so, or none at all at its port. */
  async add(instance: string, cluster: string, answer: Answering | undefined, service = 'crm'): Promise<void> {
    let port = await freePort()
    if (answer) {
      const server = createServer(answer).listen(0, '127.0.0.1')
      await once(server, 'listening')
      this.servers.set(instance, server)
      this.#t.teardown(() => end(server))
      port = (server.address() as AddressInfo).port
    }
    const node = `n-${cluster}`
    if (!this.plane.fleet.nodes.has(node)) await this.change(...nodeJoined(node, { cluster }))
    const spec = { service, address: '127.0.0.1', port }
    await this.change(...instanceRegistered(instance, node, spec), judged(instance, 'passing'))
  }

  async client(options: Partial<ClientOptions> = {}): Promise<FederationClient> {
    const client = await openClient({ planes: [this.plane.address], ...options })
    this.#t.teardown(() => client[Symbol.asyncDispose]())
    return client
  }
}

function end(server: Server): void {
  server.closeAllConnections()
  server.close()
}

function failureOf(calling: Promise<unknown>): Promise<Failure | undefined> {
  return calling.then(
    () => undefined,
    (error: Failure) => error,
  )
}

t.test('a service is called by its name, and the answer says who gave it and why', async (t) => {
  const scene = await Scene.open(t)
  const client = await scene.client()
  const answer = await client.call('crm', { method: 'POST', path: '/x?y=1', body: 'z' })
  t.equal(answer.body.toString(), 'zervigo POST /x?y=1')
  t.match(answer, {
    status: 200,
    taken: {
      decision: { cluster: 'zervigo', fallback: 'looma', rule: 'other', because: 'tie' },
      attempts: [{ cluster: 'zervigo', instance: 'crm-0', why: 'chosen', ending: 'answered 200' }],
    },
  })
  const pinned = await client.call('crm', { pin: 'looma' })
  t.equal(pinned.body.toString(), 'looma GET /')
  t.match(await failureOf(client.call('crm', { pin: 'mars' })), { code: 'ARGUMENT_INVALID' })
})

t.test('the type of a request decides as in the plane', async (t) => {
  const scene = await Scene.open(t)
  const client = await scene.client()
  await client.call('crm')
  await waitFor(() => client.explain('crm', { type: 'resume' }).decision, {
    what: 'the rules of the plane',
    withinMs: 20_000,
    until: ({ rule, inputs }) => rule === 'resume' && inputs[0]?.health === 100,
  })
  const response = await fetch(`${scene.plane.address}/v1/federation/decision?type=resume`)
  t.strictSame(client.explain('crm', { type: 'resume' }).decision, await response.json())
})

t.test('a refused call goes to another instance of the cluster, whatever its method', async (t) => {
  const scene = await Scene.open(t, [])
  await scene.add('a', 'zervigo', undefined)
  await scene.add('b', 'zervigo', (_, response) => response.end('b'))
  const client = await scene.client()
  for (let count = 0; count < 4; count += 1) {
    const { body, taken } = await client.call('crm', { method: 'POST', body: 'x' })
    t.equal(body.toString(), 'b')
    for (const { instance, ending } of taken.attempts.slice(0, -1))
      t.match({ instance, ending }, { instance: 'a', ending: /^refused/ })
  }
})

t.test('when a cluster does not answer the call falls back to the other one, once', async (t) => {
  const scene = await Scene.open(t, [])
  for (const name of ['a', 'b', 'c']) await scene.add(name, 'zervigo', undefined)
  await scene.add('d', 'looma', (_, response) => response.end('d'))
  // Open for longer than the test takes, however slow the machine.
  const client = await scene.client({ breakers: { cluster: { failures: 5, forMs: 600_000, mostMs: 600_000 } } })
  const { body, taken } = await client.call('crm', { method: 'POST' })
  t.equal(body.toString(), 'd')
  t.strictSame(
    taken.attempts.map(({ why }) => why),
    ['chosen', 'again', 'fallback'],
  )
  for (let count = 0; count < 10; count += 1) t.equal((await client.call('crm')).status, 200)
  const { decision, clusters } = client.explain('crm')
  t.equal(decision.cluster, 'looma', 'the breaker of the cluster is open')
  t.match(
    clusters.map(({ cluster, breaker }) => [cluster, breaker]),
    [
      ['zervigo', 'open'],
      ['looma', 'closed'],
    ],
  )
})

t.test('a call that may have been acted upon is repeated only where that does no harm', async (t) => {
  const scene = await Scene.open(t, [])
  const asked: string[] = []
  await scene.add('a', 'zervigo', ({ method = '', socket }) => {
    asked.push(method)
    socket.destroy()
  })
  await scene.add('b', 'looma', (_, response) => response.end('b'))
  const client = await scene.client()
  t.equal((await client.call('crm')).body.toString(), 'b')
  const failure = await failureOf(client.call('crm', { method: 'POST' }))
  t.match(failure, { code: 'CALL_FAILED', retryable: false, cause: { message: /a of zervigo: reset / } })
  t.strictSame(asked, ['GET', 'POST'])
})

t.test('a call is over when its time is, and instances are told how much is left', async (t) => {
  const scene = await Scene.open(t, [])
  const told: (number | undefined)[] = []
  await scene.add('a', 'zervigo', ({ headers }) => told.push(leftOf(headers, 0)))
  const client = await scene.client({ services: ['crm'] })
  await waitFor(() => client.explain('crm').known, { what: 'the instance to be known', withinMs: 20_000 })
  t.match(await failureOf(client.call('crm', { timeoutMs: 2_000 })), { code: 'CALL_TIMED_OUT' })
  t.ok((told[0] ?? 0) > 0 && (told[0] ?? 0) <= 2_000)
  const caller = new AbortController()
  const calling = failureOf(client.call('crm', { signal: caller.signal }))
  await waitFor(() => told.length === 2, { what: 'the second call', withinMs: 20_000 })
  caller.abort()
  t.match(await calling, { code: 'CALL_FAILED', message: /given up/ })
})

t.test('a service without instances says so at once', async (t) => {
  const scene = await Scene.open(t)
  const client = await scene.client()
  t.match(await failureOf(client.call('nobody')), { code: 'CALL_NO_INSTANCE', retryable: true })
})

t.test('where both clusters fail again and again a call fails at once, until a probe finds one well', async (t) => {
  const scene = await Scene.open(t, [])
  let well = false
  const answer: Answering = (_, response) => response.writeHead(well ? 200 : 503).end()
  await scene.add('a', 'zervigo', answer)
  await scene.add('b', 'looma', answer)
  const breakers = { cluster: { failures: 2, forMs: 500, mostMs: 500 } }
  const client = await scene.client({ breakers })
  await waitFor(() => failureOf(client.call('crm')), {
    what: 'both breakers to open',
    withinMs: 20_000,
    everyMs: 1,
    until: (failure) => failure?.code === 'CALL_NO_INSTANCE',
  })
  well = true
  await waitFor(() => client.call('crm'), { what: 'a probe', withinMs: 20_000, until: ({ status }) => status === 200 })
  t.equal((await client.call('crm')).status, 200)
})

t.test('news of the plane are followed: what comes is called, what goes is not', async (t) => {
  const scene = await Scene.open(t, ['zervigo'])
  const client = await scene.client()
  await client.call('crm')
  await scene.add('new', 'zervigo', (_, response) => response.end('new'))
  await scene.change(judged('crm-0', 'critical', 'refused'))
  await waitFor(() => client.explain('crm').clusters[0]?.instances.map(({ instance }) => instance), {
    what: 'the news',
    withinMs: 20_000,
    until: (instances) => instances?.join() === 'new',
  })
  t.equal((await client.call('crm')).body.toString(), 'new')
})

t.test('without a plane it goes on with what it knows, and starts with what it kept', async (t) => {
  await using folder = await temporaryFolder('client')
  const cacheFile = join(folder.path, 'cache.json')
  const scene = await Scene.open(t)
  const planes = [`http://127.0.0.1:${await freePort()}`, scene.plane.address]
  {
    await using client = await openClient({ planes, cacheFile, services: ['crm'] })
    t.equal((await client.call('crm')).status, 200)
    await waitFor(() => client.explain('crm').decision, {
      what: 'the standing of the clusters',
      withinMs: 20_000,
      until: ({ inputs }) => inputs[0]?.health === 100,
    })
  }
  t.match(JSON.parse(await readFile(cacheFile, 'utf8')), { version: 1, services: { crm: {} } })
  await using alone = await openClient({ planes: planes.slice(0, 1), cacheFile })
  t.equal((await alone.call('crm')).status, 200)
  t.match(alone.explain('crm'), { known: { from: 'cache' }, decision: { inputs: [{ health: 100 }, {}] } })
})

t.test('a cache that cannot be read is told, and the plane is asked', async (t) => {
  await using folder = await temporaryFolder('client')
  const lines: string[] = []
  const log = createLogger({ name: 'test', level: 'warn' }, { write: (line) => void lines.push(line) })
  const scene = await Scene.open(t)
  await using client = await openClient({ planes: [scene.plane.address], cacheFile: folder.path, log })
  t.equal((await client.call('crm')).status, 200)
  t.match(lines[0], /what was known before cannot be read/)
})

t.test('an answer that is too large counts as broken', async (t) => {
  const scene = await Scene.open(t, [])
  await scene.add('a', 'zervigo', (_, response) => response.end('x'.repeat(2_000)))
  const client = await scene.client({ mostAnswerBytes: 1_000 })
  t.match(await failureOf(client.call('crm')), { code: 'CALL_FAILED', cause: { message: /ANSWER_TOO_LARGE/ } })
})

t.test('a client without a plane to ask is refused', async (t) => {
  t.match(await failureOf(openClient({ planes: [] })), { code: 'ARGUMENT_INVALID' })
})

for (const [headers, left] of [
  [{}, undefined],
  [{ [deadlineHeader]: '1000' }, 700],
  [{ [deadlineHeader]: '100' }, 0],
  [{ [deadlineHeader]: 'soon' }, undefined],
  [{ [deadlineHeader]: ['1', '2'] }, undefined],
] as const) {
  t.test(`of ${JSON.stringify(headers)} ${left} ms are left`, async (t) => {
    t.equal(leftOf(headers, 300), left)
  })
}
