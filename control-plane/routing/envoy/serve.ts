import { Failure } from '#shared/failure/failure.ts'
import type { Logger } from '#shared/logging/logger.ts'
import type { Channel } from './channel.ts'
import type { DeltaStream } from './delta-stream.ts'
import { type GrpcHandler, type GrpcServer, type GrpcStream, serveGrpcStreams, status } from './grpc/serve-streams.ts'
import { type DeltaRequest, decodeRequest } from './request.ts'

export type XdsOptions = {
  readonly address: string
  /** 0: any free port. */
  readonly port: number
  /** The channel of a gateway, whether it is declared or not: what nobody offers gets no answer. */
  readonly channelOf: (gateway: string) => Channel
  readonly log: Logger
}

/** The port that Envoys connect to: delta aggregated discovery over gRPC. */
export type XdsServer = GrpcServer

const path = '/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources'
const mostBytes = 16 * 1024 * 1024

/** Listens at once. Rejects with PORT_TAKEN. */
export async function serveXds({ address, port, channelOf, log }: XdsOptions): Promise<XdsServer> {
  const open = (stream: GrpcStream) => follow(stream, channelOf, log)
  try {
    return await serveGrpcStreams({ address, port, path, mostBytes, open })
  } catch (cause) {
    throw new Failure('PORT_TAKEN', `cannot listen on ${address}:${port} for Envoys (routing.xds.port)`, { cause })
  }
}

/** Hands a stream's requests to the channel of its gateway until it ends. */
function follow(stream: GrpcStream, channelOf: XdsOptions['channelOf'], log: Logger): GrpcHandler {
  let joined: { readonly channel: Channel; readonly stream: DeltaStream } | undefined
  return {
    message(bytes) {
      if (joined?.channel.confirm(joined.stream, bytes)) return
      const request = decoded(bytes)
      if (!request) {
        stream.end(status.invalidArgument, 'this is no DeltaDiscoveryRequest')
        return
      }
      if (!joined) {
        if (!request.node) {
          stream.end(status.invalidArgument, 'the first request must name its node')
          return
        }
        const { id, cluster } = request.node
        const channel = channelOf(cluster)
        if (!channel.offered) log.info({ envoy: id, gateway: cluster }, 'an Envoy waits for its first answer')
        joined = { channel, stream: channel.open(id, stream.write) }
      }
      joined.channel.request(joined.stream, request)
    },
    end() {
      joined?.channel.close(joined.stream)
      joined = undefined
    },
  }
}

function decoded(bytes: Buffer): DeltaRequest | undefined {
  try {
    return decodeRequest(bytes)
  } catch {
    return undefined
  }
}
