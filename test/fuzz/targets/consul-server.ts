import { once } from 'node:events'
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import fc from 'fast-check'
import { ConsulClient } from '#control-plane/consul/client.ts'
import { Failure } from '#shared/failure/failure.ts'
import { consulRows } from '../inputs/consul-rows.ts'
import { hostileJson } from '../inputs/hostile-json.ts'
import { promise } from '../inputs/promises.ts'
import { targetOf } from '../play/target.ts'

const meta = { key: 'heddle-owner', value: 'main' }
const timeoutMs = 300

/** What a plane asks a Consul. */
const calls: Readonly<Record<string, (consul: ConsulClient) => Promise<unknown>>> = {
  transact: (consul) => consul.transact([]),
  readKey: (consul) => consul.readKey('heddle/leader'),
  serviceNames: (consul) => consul.serviceNames(meta),
  watchServices: (consul) => consul.watchServices(meta, 5, 10),
  node: (consul) => consul.node('n1'),
  nodes: (consul) => Array.fromAsync(consul.nodes(meta)),
  instances: (consul) => Array.fromAsync(consul.instancesLacking('crm', 'heddle-owner')),
  checks: (consul) => Array.fromAsync(consul.checksWithout('x', { passing: false })),
  verify: (consul) => consul.verify(),
}

type Answer = {
  readonly call: string
  readonly status: number
  readonly index: string
  readonly type: string
  readonly body: string
  /** whole · cut: it breaks off · endless: it goes on until the other side has had enough */
  readonly ends: 'whole' | 'cut' | 'endless'
}

type World = AsyncDisposable & { readonly consul: ConsulClient; answer: Answer | undefined }

/** A Consul that answers whatever it likes: each call is answered, or fails by a name of ours, in its time. */
export const target = targetOf<Answer, World>({
  arbitrary: fc.record({
    call: fc.constantFrom(...Object.keys(calls)),
    status: fc.oneof(
      { weight: 8, arbitrary: fc.constant(200) },
      fc.constantFrom(201, 204, 301, 304, 401, 403, 404, 409, 413, 429, 500, 503),
    ),
    index: fc.constantFrom('7', '7', '3', '0', '-1', '1e400', 'x', '9007199254740993', ''),
    type: fc.constantFrom('application/json', 'application/json', 'text/plain', ''),
    body: hostileJson([consulRows, { crm: ['a'], 'basic-server': [] }, ['dc', 'other'], ...consulRows]),
    ends: fc.oneof(
      { weight: 18, arbitrary: fc.constant('whole' as const) },
      { weight: 2, arbitrary: fc.constant('cut' as const) },
      { weight: 1, arbitrary: fc.constant('endless' as const) },
    ),
  }),
  mostMs: 8_000,
  mostGrowthMiB: 64,
  open: async () => {
    const world: { answer: Answer | undefined } = { answer: undefined }
    const server = createServer((request, response) => {
      request.resume()
      if (world.answer) give(world.answer, response)
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const consul = new ConsulClient({
      datacenter: 'dc',
      address: `http://127.0.0.1:${port}`,
      timeoutMs,
      mostSockets: 4,
    })
    return Object.assign(world, { consul, [Symbol.asyncDispose]: () => closed(consul, server) })
  },
  run: async (answer, world) => {
    world.answer = answer
    const began = performance.now()
    try {
      await calls[answer.call]?.(world.consul)
      return 'taken'
    } catch (error) {
      if (!(error instanceof Failure)) throw error
      promise(error.code.startsWith('CONSUL_'), `it fails with ${error.code}`)
      promise(error.message.length < 2_000, 'why it fails is told at length')
      promise(performance.now() - began < 20_000, 'a call is not given up in time')
      return 'refused'
    }
  },
})

function give({ status, index, type, body, ends }: Answer, response: ServerResponse): void {
  const headers = {
    ...(index === '' ? {} : { 'x-consul-index': index }),
    ...(type === '' ? {} : { 'content-type': type }),
  }
  response.on('error', () => {})
  response.writeHead(status, headers)
  if (ends === 'whole') response.end(body)
  else if (ends === 'cut') response.write(body, () => response.destroy())
  else goOn(response, Buffer.from(body.slice(0, 64 * 1024)))
}

/** As fast as the other side takes it, at most so much that a test is not held up by it. */
function goOn(response: ServerResponse, piece: Buffer, left = 400): void {
  if (response.destroyed) return
  if (left === 0) response.destroy()
  else if (response.write(piece.length > 0 ? piece : ' ')) setImmediate(() => goOn(response, piece, left - 1))
  else response.once('drain', () => goOn(response, piece, left - 1))
}

async function closed(consul: ConsulClient, server: Server): Promise<void> {
  consul[Symbol.dispose]()
  server.closeAllConnections()
  server.close()
  await once(server, 'close')
}
