import protobuf from 'protobufjs'
import { type ResourceKind, typeUrlOf } from '#control-plane/routing/envoy/resource.ts'
import { now } from '../worker/commands.ts'
import { GrpcStream } from './http2.ts'
import { gateway } from './shape.ts'

const path = '/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources'

// Field numbers of envoy.service.discovery.v3.
const responseField = { resources: 2, typeUrl: 4, nonce: 5 } as const
const resourceField = { version: 1, name: 3 } as const
const requestField = { node: 1, typeUrl: 2, subscribe: 3, initialVersions: 5, nonce: 6 } as const
const nodeField = { id: 1, cluster: 2 } as const

type Kind = Exclude<ResourceKind, 'secret'>
const kinds: readonly Kind[] = ['cluster', 'endpoints', 'listener', 'routes']
const kindOf: ReadonlyMap<string, Kind> = new Map(kinds.map((kind) => [typeUrlOf(kind), kind]))

/** What an Envoy has, by kind and name: versions. */
export type Held = ReadonlyMap<Kind, ReadonlyMap<string, string>>

/**
 * Behaves on its stream as an Envoy does: asks for clusters, then their endpoints, then listeners and routes, and confirms each answer. It
 * reads of an answer only what that takes.
 */
export class DeltaEnvoy implements Disposable {
  /** Milliseconds of the steady clock: when it asked first, and when it had confirmed everything; undefined: not yet. */
  readonly since = now()
  wholeAt: number | undefined
  /** Answers with endpoints since `expect`, when the last of them was confirmed, and their bytes. */
  seen = { answers: 0, at: 0, bytes: 0 }
  /** Bytes of all answers. */
  received = 0
  failed: string | undefined
  readonly held = new Map<Kind, Map<string, string>>(kinds.map((kind) => [kind, new Map()]))
  readonly #stream: GrpcStream
  readonly #services: number
  readonly #onNews: () => void
  readonly #asked = new Set<Kind>(['cluster'])
  readonly #confirmed = new Set<Kind>()

  /** @param known what it has from an earlier stream */
  constructor(port: number, id: string, services: number, onNews: () => void, known?: Held) {
    this.#services = services
    this.#onNews = onNews
    const onEnd = (why: string) => {
      this.failed = why
      onNews()
    }
    this.#stream = new GrpcStream(port, path, (message) => this.#take(message), onEnd)
    const node = protobuf.Writer.create()
    node.uint32(tag(nodeField.id)).string(id).uint32(tag(nodeField.cluster)).string(gateway)
    if (!known) {
      this.#ask('cluster', (writer) => writer.uint32(tag(requestField.node)).bytes(node.finish()))
      return
    }
    for (const kind of kinds) {
      const versions = known.get(kind) ?? new Map<string, string>()
      this.#asked.add(kind)
      this.#ask(kind, (writer) => {
        if (kind === 'cluster') writer.uint32(tag(requestField.node)).bytes(node.finish())
        for (const [name, version] of versions) {
          if (kind === 'endpoints' || kind === 'routes') writer.uint32(tag(requestField.subscribe)).string(name)
          const entry = protobuf.Writer.create().uint32(tag(1)).string(name).uint32(tag(2)).string(version)
          writer.uint32(tag(requestField.initialVersions)).bytes(entry.finish())
        }
      })
    }
  }

  /** Counts answers with endpoints from now on. */
  expect(): void {
    this.seen = { answers: 0, at: 0, bytes: 0 }
  }

  [Symbol.dispose](): void {
    this.#stream[Symbol.dispose]()
  }

  #take(message: Buffer): void {
    this.received += message.length
    const { kind, nonce } = this.#read(message)
    if (!kind) return
    this.#ask(kind, (writer) => writer.uint32(tag(requestField.nonce)).string(nonce))
    this.#confirmed.add(kind)
    if (kind === 'endpoints') {
      this.seen.answers += 1
      this.seen.at = now()
      this.seen.bytes += message.length
    }
    if (this.wholeAt === undefined) this.#askNext()
    this.#onNews()
  }

  #askNext(): void {
    const count = (kind: Kind) => this.held.get(kind)?.size ?? 0
    if (!this.#asked.has('endpoints') && count('cluster') >= this.#services) {
      this.#asked.add('endpoints')
      const names = [...(this.held.get('cluster')?.keys() ?? [])]
      this.#ask('endpoints', (writer) => {
        for (const name of names) writer.uint32(tag(requestField.subscribe)).string(name)
      })
    }
    if (!this.#asked.has('listener') && count('endpoints') >= this.#services) {
      this.#asked.add('listener')
      this.#ask('listener')
    }
    if (!this.#asked.has('routes') && count('listener') > 0) {
      this.#asked.add('routes')
      this.#ask('routes', (writer) => writer.uint32(tag(requestField.subscribe)).string(gateway))
    }
    if (count('routes') > 0) this.wholeAt = now()
  }

  #ask(kind: Kind, more: (writer: protobuf.Writer) => void = () => {}): void {
    const writer = protobuf.Writer.create().uint32(tag(requestField.typeUrl)).string(typeUrlOf(kind))
    more(writer)
    this.#stream.send(Buffer.from(writer.finish()))
  }

  /** Once it has everything it no longer reads what the resources are. */
  #read(message: Buffer): { readonly kind: Kind | undefined; readonly nonce: string } {
    let typeUrl = ''
    let nonce = ''
    const resources: Uint8Array[] = []
    const reader = protobuf.Reader.create(message)
    while (reader.pos < reader.len) {
      const key = reader.uint32()
      if (key === tag(responseField.typeUrl)) typeUrl = reader.string()
      else if (key === tag(responseField.nonce)) nonce = reader.string()
      else if (key === tag(responseField.resources) && this.wholeAt === undefined) resources.push(reader.bytes())
      else reader.skipType(key & 7)
    }
    const kind = kindOf.get(typeUrl)
    const held = kind && this.held.get(kind)
    for (const bytes of resources) held?.set(...nameAndVersion(bytes))
    return { kind, nonce }
  }
}

function nameAndVersion(bytes: Uint8Array): [string, string] {
  let name = ''
  let version = ''
  const reader = protobuf.Reader.create(bytes)
  while (reader.pos < reader.len) {
    const key = reader.uint32()
    if (key === tag(resourceField.name)) name = reader.string()
    else if (key === tag(resourceField.version)) version = reader.string()
    else reader.skipType(key & 7)
  }
  return [name, version]
}

/** The tag of a field that says its own length. */
function tag(field: number): number {
  return (field << 3) | 2
}
