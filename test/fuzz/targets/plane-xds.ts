import { type ClientHttp2Session, connect } from 'node:http2'
import { setTimeout as pause } from 'node:timers/promises'
import fc from 'fast-check'
import { writePrefix } from '#control-plane/routing/envoy/grpc/messages.ts'
import { mutated } from '../inputs/mutated.ts'
import { xdsRequest, xdsRequests } from '../inputs/xds-requests.ts'
import { FuzzedPlane } from '../play/fuzzed-plane.ts'
import { targetOf } from '../play/target.ts'

const path = '/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources'
const withinMs = 20_000
const [greeting = Buffer.alloc(0)] = xdsRequests
const cluster = 'type.googleapis.com/envoy.config.cluster.v3.Cluster'

const other = { node: { id: 'envoy-2', cluster: 'edge' }, type_url: cluster, resource_names_subscribe: ['s1'] }
/** A million names in three megabytes: each is a text of one letter, after its field and its length. */
const million = Buffer.concat([
  xdsRequest({ type_url: cluster }),
  Buffer.alloc(3_000_000, Buffer.from([0x1a, 1, 0x78])),
])

const asked = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...xdsRequests) },
  { weight: 6, arbitrary: mutated(xdsRequests) },
  // Somebody else in the same stream, answers to what was never sent, and names without an end.
  { weight: 2, arbitrary: fc.constant(xdsRequest(other)) },
  { weight: 2, arbitrary: fc.nat(40).map((nonce) => xdsRequest({ type_url: cluster, response_nonce: String(nonce) })) },
  { weight: 1, arbitrary: fc.constant(million) },
  { weight: 1, arbitrary: fc.integer({ min: 1_000, max: 20_000 }).map((count) => manyNames(count)) },
)

/** A connection that is made anew where the plane has ended it. */
class World implements AsyncDisposable {
  readonly plane: FuzzedPlane
  #session: ClientHttp2Session | undefined

  constructor(plane: FuzzedPlane) {
    this.plane = plane
  }

  get session(): ClientHttp2Session {
    if (this.#session && !this.#session.closed && !this.#session.destroyed) return this.#session
    this.#session = connect(`http://127.0.0.1:${this.plane.xdsPort}`)
    this.#session.on('error', () => {})
    return this.#session
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#session?.destroy()
    await this.plane[Symbol.asyncDispose]()
  }
}

/** Streams of Envoys that say whatever there is: each ends by its own side, or with a status, and the plane goes on. */
export const target = targetOf<readonly Buffer[], World>({
  arbitrary: fc
    .tuple(fc.constantFrom(greeting, greeting, Buffer.alloc(0)), fc.array(asked, { maxLength: 6 }))
    .map(([one, more]) => [one, ...more]),
  open: async () => new World(await FuzzedPlane.start()),
  run: async (messages, world) => {
    const stream = world.session.request({
      ':method': 'POST',
      ':path': path,
      'content-type': 'application/grpc',
      te: 'trailers',
    })
    let bytes = 0
    const answered = Promise.withResolvers<void>()
    stream.on('data', (data: Buffer) => {
      bytes += data.length
      answered.resolve()
    })
    const ended = new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`a stream has not ended after ${withinMs} ms`)), withinMs)
      stream.on('error', () => {})
      stream.on('close', () => {
        clearTimeout(timer)
        resolve()
      })
    })
    const [first = greeting, ...more] = messages
    stream.write(framed(first))
    // What follows is about what it was answered.
    if (first === greeting) await Promise.race([answered.promise, ended, pause(1_000)])
    for (const message of more) stream.write(framed(message))
    stream.end()
    await ended
    return bytes > 0 ? 'taken' : 'refused'
  },
  check: ({ plane }) => plane.needSound(),
})

function framed(message: Buffer): Buffer {
  const bytes = Buffer.concat([Buffer.alloc(5), message])
  writePrefix(bytes)
  return bytes
}

function manyNames(count: number): Buffer {
  const names = Array.from({ length: count }, (_, index) => `name-${index}`)
  return xdsRequest({ type_url: cluster, resource_names_subscribe: names })
}
