import type { Socket } from 'node:net'
import { Failure } from '#shared/failure/failure.ts'
import type { Logger } from '#shared/logging/logger.ts'
import type { Channel } from './channel.ts'
import type { DeltaStream } from './delta-stream.ts'
import { type GrpcHandler, type GrpcServer, type GrpcStream, serveGrpcStreams, status } from './grpc/serve-streams.ts'
import { type EnvoyGuest, refusalOf, refusalOfNode, type XdsSecurity } from './guest.ts'
import { countNames, type DeltaRequest, decodeRequest } from './request.ts'

export type XdsOptions = {
  readonly address: string
  /** 0: any free port. */
  readonly port: number
  /** The channel of a gateway, whether it is declared or not: what nobody offers gets no answer. */
  readonly channelOf: (gateway: string) => Channel
  readonly log: Logger
  /** Left out: without TLS, and whoever connects is believed. */
  readonly security?: XdsSecurity | undefined
}

/** The port that Envoys connect to: delta aggregated discovery over gRPC. */
export type XdsServer = GrpcServer & {
  /** Streams that were ended since they named more than anybody has, since the start. */
  readonly excessive: () => number
}

const path = '/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources'
const mostBytes = 16 * 1024 * 1024
/** Names that one stream may say: an Envoy says each of what it has, and of what it wants. */
const mostNames = 200_000
const mostNameLength = 1_024
const tooMany = `more than ${mostNames} names are not kept`
const judgeEveryMs = 30_000

/** Listens at once. Rejects with PORT_TAKEN. */
export async function serveXds({ address, port, channelOf, log, security }: XdsOptions): Promise<XdsServer> {
  let excessive = 0
  const onExcess = () => {
    excessive += 1
  }
  const guests = new Set<() => void>()
  const open = (stream: GrpcStream, socket: Socket) => {
    if (!security) return follow(stream, channelOf, log, onExcess)
    const guest = security.greet(socket)
    const judge = () => {
      const refusal = refusalOf(guest)
      if (!refusal) return
      log.warn({ node: guest?.node, from: socket.remoteAddress, why: refusal.details }, 'an Envoy was refused')
      stream.end(refusal.code, refusal.details)
    }
    // Its call has to be taken before it can be ended.
    if (refusalOf(guest)) {
      queueMicrotask(judge)
      return nobody
    }
    const handler = follow(stream, channelOf, log, onExcess, guest)
    guests.add(judge)
    return {
      message: (bytes: Buffer) => handler.message(bytes),
      end: () => {
        guests.delete(judge)
        handler.end()
      },
    }
  }
  const judgeAll = () => {
    for (const judge of [...guests]) judge()
  }
  const forget = security?.onChange(judgeAll)
  // Certificates expire without anybody saying so.
  const expiry = security && setInterval(judgeAll, judgeEveryMs).unref()
  const onSilent = (from: string) => log.warn({ from }, 'an Envoy that reads or answers nothing is cut off')
  try {
    const server = await serveGrpcStreams({ address, port, path, mostBytes, open, onSilent, tls: security?.tls })
    return {
      ...server,
      excessive: () => excessive,
      [Symbol.asyncDispose]() {
        clearInterval(expiry)
        forget?.()
        return server[Symbol.asyncDispose]()
      },
    }
  } catch (cause) {
    clearInterval(expiry)
    forget?.()
    throw new Failure('PORT_TAKEN', `cannot listen on ${address}:${port} for Envoys (routing.xds.port)`, { cause })
  }
}

/** Of a stream that was refused. */
const nobody: GrpcHandler = { message() {}, end() {} }

/** Hands a stream's requests to the channel of its gateway until it ends. */
function follow(
  stream: GrpcStream,
  channelOf: XdsOptions['channelOf'],
  log: Logger,
  onExcess: () => void,
  guest?: EnvoyGuest,
): GrpcHandler {
  let joined: { readonly channel: Channel; readonly stream: DeltaStream } | undefined
  return {
    message(bytes) {
      if (joined?.channel.confirm(joined.stream, bytes)) return
      const request = decoded(bytes)
      if (!request) {
        stream.end(status.invalidArgument, 'this is no DeltaDiscoveryRequest')
        return
      }
      const excess = request === 'excessive' ? tooMany : excessOf(request, joined?.stream.nameCount ?? 0)
      if (request === 'excessive' || excess !== undefined) {
        onExcess()
        stream.end(status.resourceExhausted, excess)
        return
      }
      if (!joined) {
        if (!request.node) {
          stream.end(status.invalidArgument, 'the first request must name its node')
          return
        }
        const { id, cluster } = request.node
        const refusal = guest && refusalOfNode(guest, request.node)
        if (refusal) {
          log.warn({ node: guest.node, envoy: id, gateway: cluster, why: refusal.details }, 'an Envoy was refused')
          stream.end(refusal.code, refusal.details)
          return
        }
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

/** What a request says that is more than is kept; undefined: nothing. */
function excessOf(request: DeltaRequest, known: number): string | undefined {
  const { node, subscribe, initialVersions } = request
  if (known + subscribe.length + initialVersions.size > mostNames) return tooMany
  const isLong = (text: string) => text.length > mostNameLength
  if (node && (isLong(node.id) || isLong(node.cluster)))
    return `a node's names have at most ${mostNameLength} characters`
  if (subscribe.some(isLong)) return `a name has at most ${mostNameLength} characters`
  for (const each of initialVersions)
    if (each.some(isLong)) return `names and versions have at most ${mostNameLength} characters`
  return undefined
}

function decoded(bytes: Buffer): DeltaRequest | 'excessive' | undefined {
  try {
    // To make texts of millions of names takes seconds, and hundreds of megabytes; to count them does not.
    if (bytes.length > mostNames && countNames(bytes) > mostNames) return 'excessive'
    return decodeRequest(bytes)
  } catch {
    return undefined
  }
}
