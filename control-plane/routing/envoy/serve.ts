import { createServer } from 'node:net'
import { promisify } from 'node:util'
import {
  type handleBidiStreamingCall,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServiceDefinition,
  status,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js'
import { Failure } from '#shared/failure/failure.ts'
import type { Logger } from '#shared/logging/logger.ts'
import type { Channel } from './channel.ts'
import type { EnvoyDefinitions } from './definitions.ts'
import type { DeltaStream } from './delta-stream.ts'
import { type DeltaRequest, requestDecoder } from './request.ts'

export type XdsOptions = {
  readonly address: string
  /** 0: any free port. */
  readonly port: number
  readonly definitions: EnvoyDefinitions
  /** The channel of a gateway, whether it is declared or not: what nobody offers gets no answer. */
  readonly channelOf: (gateway: string) => Channel
  readonly log: Logger
}

/** The port that Envoys connect to: delta aggregated discovery over gRPC. */
export type XdsServer = AsyncDisposable & { readonly port: number }

type Call = ServerDuplexStream<DeltaRequest, Buffer>

const path = '/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources'

/** Listens at once. Rejects with PORT_TAKEN. */
export async function serveXds({ address, port, definitions, channelOf, log }: XdsOptions): Promise<XdsServer> {
  // gRPC would share the port with another process without a word.
  await assertFree(address, port)
  const server = new Server({
    // An Envoy whose machine is gone says no goodbye.
    'grpc.keepalive_time_ms': 10_000,
    'grpc.keepalive_timeout_ms': 5_000,
    'grpc.max_receive_message_length': 64 * 1024 * 1024,
    'grpc.so_reuseport': 0,
    // Nobody asks gRPC for its own figures, and keeping them costs each message.
    'grpc.enable_channelz': 0,
  })
  const handle: handleBidiStreamingCall<DeltaRequest, Buffer> = (call) => follow(call, channelOf, log)
  server.addService(serviceDefinition(definitions), { DeltaAggregatedResources: handle })
  const bind = promisify(server.bindAsync.bind(server))
  try {
    const bound = await bind(
      `${address.includes(':') ? `[${address}]` : address}:${port}`,
      ServerCredentials.createInsecure(),
    )
    return {
      port: bound,
      async [Symbol.asyncDispose]() {
        const closed = new Promise<void>((resolve) => server.tryShutdown(() => resolve()))
        // Streams never end by themselves.
        server.forceShutdown()
        await closed
      },
    }
  } catch (cause) {
    throw new Failure('PORT_TAKEN', `cannot listen on ${address}:${port} for Envoys`, { cause })
  }
}

function serviceDefinition(definitions: EnvoyDefinitions): ServiceDefinition<UntypedServiceImplementation> {
  const bytes = (buffer: Buffer) => buffer
  return {
    DeltaAggregatedResources: {
      path,
      requestStream: true,
      responseStream: true,
      requestSerialize: bytes,
      requestDeserialize: requestDecoder(definitions),
      // What is sent was made into bytes before, once for all streams.
      responseSerialize: bytes,
      responseDeserialize: bytes,
    },
  }
}

/** Hands a stream's requests to the channel of its gateway until it ends. */
function follow(call: Call, channelOf: XdsOptions['channelOf'], log: Logger): void {
  let joined: { readonly channel: Channel; readonly stream: DeltaStream } | undefined
  const leave = () => {
    joined?.channel.close(joined.stream)
    joined = undefined
  }
  call.on('data', (request: DeltaRequest) => {
    if (!joined) {
      if (!request.node) {
        call.emit('error', { code: status.INVALID_ARGUMENT, details: 'the first request must name its node' })
        return
      }
      const { id, cluster } = request.node
      const channel = channelOf(cluster)
      if (!channel.offered) log.info({ envoy: id, gateway: cluster }, 'an Envoy waits for its first answer')
      joined = { channel, stream: channel.open(id, (frame, done) => call.write(frame, done)) }
    }
    joined.channel.request(joined.stream, request)
  })
  call.on('end', () => {
    leave()
    call.end()
  })
  call.on('cancelled', leave)
  call.on('error', leave)
}

async function assertFree(address: string, port: number): Promise<void> {
  if (port === 0) return
  const probe = createServer()
  await new Promise<void>((resolve, reject) => {
    probe.once('error', (cause) => {
      reject(new Failure('PORT_TAKEN', `cannot listen on ${address}:${port} for Envoys`, { cause }))
    })
    probe.listen({ host: address, port }, () => probe.close(() => resolve()))
  })
}
