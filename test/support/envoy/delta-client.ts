import { Client, type ClientDuplexStream, credentials, type ServiceError } from '@grpc/grpc-js'
import type { EnvoyDefinitions } from '#control-plane/routing/envoy/definitions.ts'
import type { Json } from '#control-plane/routing/envoy/json.ts'
import { kindOf, type ResourceKind, typeUrlOf } from '#control-plane/routing/envoy/resource.ts'

export type DeltaAnswer = {
  readonly kind: ResourceKind | undefined
  readonly nonce: string
  readonly names: readonly string[]
  readonly removed: readonly string[]
  /** How many endpoints its load assignments have together; counted when asked for. */
  readonly endpointCount: () => number
  readonly at: number
}

/** A gRPC client of the plane's delta discovery that says and confirms only what it is told to. */
export class DeltaClient implements Disposable {
  readonly answers: DeltaAnswer[] = []
  readonly errors: ServiceError[] = []
  ended = false
  readonly #definitions: EnvoyDefinitions
  readonly #client: Client
  readonly #call: ClientDuplexStream<Json, DeltaAnswer>

  /** @param tls PEM; left out: without TLS */
  constructor(port: number, definitions: EnvoyDefinitions, tls?: DeltaTls) {
    this.#definitions = definitions
    // This client would name an address to the server, which is against the rules of TLS.
    const host = tls ? 'localhost' : '127.0.0.1'
    this.#client = new Client(`${host}:${port}`, credentialsOf(tls), {
      'grpc.use_local_subchannel_pool': 1,
    })
    this.#call = this.#client.makeBidiStreamRequest(
      '/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources',
      (request: Json) => this.#definitions.encode('envoy.service.discovery.v3.DeltaDiscoveryRequest', request),
      (bytes) => this.#decode(bytes),
    )
    this.#call.on('data', (answer: DeltaAnswer) => this.answers.push(answer))
    this.#call.on('error', (error: ServiceError) => this.errors.push(error))
    this.#call.on('end', () => {
      this.ended = true
    })
  }

  ask(kind: ResourceKind, about: Json = {}): void {
    this.#call.write({ type_url: typeUrlOf(kind), ...about })
  }

  /** The first words of an Envoy: who it is, and that it wants every cluster. */
  hello(gateway: string, id = 'client'): void {
    this.ask('cluster', { node: { id, cluster: gateway } })
  }

  confirm(answer: DeltaAnswer): void {
    if (answer.kind) this.ask(answer.kind, { response_nonce: answer.nonce })
  }

  pause(): void {
    this.#call.pause()
  }

  resume(): void {
    this.#call.resume()
  }

  [Symbol.dispose](): void {
    this.#call.cancel()
    this.#client.close()
  }

  #decode(bytes: Buffer): DeltaAnswer {
    const type = this.#definitions.type('envoy.service.discovery.v3.DeltaDiscoveryResponse')
    const message = type.toObject(type.decode(bytes), { defaults: true }) as {
      readonly type_url: string
      readonly nonce: string
      readonly resources: readonly { readonly name: string; readonly resource: { readonly value: Uint8Array } }[]
      readonly removed_resources: readonly string[]
    }
    return {
      kind: kindOf(message.type_url),
      nonce: message.nonce,
      names: message.resources.map(({ name }) => name),
      removed: message.removed_resources,
      endpointCount: () => message.resources.reduce((sum, { resource }) => sum + this.#endpointsIn(resource.value), 0),
      at: performance.now(),
    }
  }

  #endpointsIn(bytes: Uint8Array): number {
    const type = this.#definitions.type('envoy.config.endpoint.v3.ClusterLoadAssignment')
    const { endpoints } = type.toObject(type.decode(bytes), { defaults: true }) as {
      readonly endpoints: readonly { readonly lb_endpoints: readonly unknown[] }[]
    }
    return endpoints.reduce((sum, { lb_endpoints }) => sum + lb_endpoints.length, 0)
  }
}

export type DeltaTls = { readonly ca: string; readonly key?: string; readonly cert?: string }

function credentialsOf(tls: DeltaTls | undefined) {
  if (!tls) return credentials.createInsecure()
  const { ca, key, cert } = tls
  const own = key !== undefined && cert !== undefined ? ([Buffer.from(key), Buffer.from(cert)] as const) : []
  return credentials.createSsl(Buffer.from(ca), ...own)
}
