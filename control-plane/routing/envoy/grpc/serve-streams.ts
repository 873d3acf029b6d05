import { once } from 'node:events'
import {
  constants,
  createSecureServer,
  createServer,
  type Http2SecureServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type SecureServerOptions,
  type ServerHttp2Stream,
} from 'node:http2'
import type { AddressInfo, Socket } from 'node:net'
import type { Bound } from '../../../fleet/bound.ts'
import { Handshakes } from '../../../identity/handshakes.ts'
import { type Connections, type OnSilent, watchConnections } from './keepalive.ts'
import { MessageReader } from './messages.ts'
import { Unfinished } from './unfinished.ts'

/** Status codes of gRPC. */
export const status = {
  ok: 0,
  invalidArgument: 3,
  deadlineExceeded: 4,
  permissionDenied: 7,
  resourceExhausted: 8,
  unimplemented: 12,
  unauthenticated: 16,
} as const
type Status = (typeof status)[keyof typeof status]

/** The plane's end of a call: whole messages in both directions until one side ends it. */
export type GrpcStream = {
  /** @param bytes a message with its prefix. @param done called when they have left for the network */
  write(bytes: Buffer, done: () => void): void
  end(code: Status, details?: string): void
}

/** Who takes what a call brings. `end` may be called twice. */
export type GrpcHandler = {
  /** @param bytes good only until it returns */
  message(bytes: Buffer): void
  end(): void
}

export type GrpcOptions = {
  readonly address: string
  /** 0: any free port. */
  readonly port: number
  /** The one method that there is. */
  readonly path: string
  /** Bytes of the largest message that is taken. */
  readonly mostBytes: number
  /** @param socket of the connection: who it is from */
  readonly open: (stream: GrpcStream, socket: Socket) => GrpcHandler
  /** Left out: without TLS. */
  readonly tls?: GrpcTls | undefined
  /** Each connection is asked every other time whether it is still there, and has until the next to answer. */
  readonly pingEveryMs?: number
  readonly onSilent?: OnSilent
  /** Connections at once; more are ended when they come. */
  readonly mostConnections?: number
  /** Bytes that are held for messages that are not whole yet, of all calls together. */
  readonly mostUnfinishedBytes?: number
  /** How long a message may take to become whole. */
  readonly unfinishedMs?: number
}

export type GrpcTls = {
  readonly options: SecureServerOptions
  /** Gives the server another certificate whenever there is one. Returns how to stop. */
  readonly keep: (server: Http2SecureServer) => () => void
}

export type GrpcFigures = {
  readonly connections: number
  readonly mostConnections: number
  /** Connections for which there was no room, and those that were ended since they did not answer, since the start. */
  readonly refused: number
  readonly silent: number
  readonly unfinishedBytes: number
  readonly mostUnfinishedBytes: number
  /** Calls that were ended since they held most of what had no room, or since they did not go on with it, since the start. */
  readonly crowded: number
  readonly stalled: number
  /** Of TLS; none without it. */
  readonly handshakes: readonly Bound[]
}

export type GrpcServer = AsyncDisposable & { readonly port: number; readonly figures: () => GrpcFigures }

/** Megabytes that a connection may have waiting; Node ends one that goes beyond, and a large configuration may well be some. */
const mostSessionMegabytes = 256
/** As many as there may be Envoys whose counters are known. */
const usuallyMostConnections = 5_000
/** Envoys that come back say all that they have, some megabytes of it. */
const usuallyMostUnfinishedBytes = 128 * 1024 * 1024
const usuallyUnfinishedMs = 30_000
/** An Envoy has one call under way, and another for a moment when it begins anew. */
const mostCalls = 32

/**
 * Serves one method of gRPC whose messages go both ways, straight from Node's HTTP/2: what is written went through no other hands, so one
 * buffer serves any number of streams. Compressed messages are not taken. Rejects with the reason if the port is taken.
 */
export async function serveGrpcStreams(options: GrpcOptions): Promise<GrpcServer> {
  const { mostConnections = usuallyMostConnections, mostUnfinishedBytes = usuallyMostUnfinishedBytes } = options
  const unfinished = new Unfinished(mostUnfinishedBytes, options.unfinishedMs ?? usuallyUnfinishedMs)
  let refused = 0
  let silent = 0
  const bounds = { maxSessionMemory: mostSessionMegabytes, settings: { maxConcurrentStreams: mostCalls } }
  const { tls } = options
  const secure = tls && createSecureServer({ ...bounds, ...tls.options, allowHTTP1: false })
  const handshakes = secure && new Handshakes(secure)
  const server = secure ?? createServer(bounds)
  const forget = secure && tls?.keep(secure)
  // Who breaks a handshake off is told by the end of his connection.
  server.on('tlsClientError', (_error: Error, socket: Socket) => socket.destroy())
  // The types know only what both ends of a connection have.
  server.on('stream', (stream, headers) => accept(stream as ServerHttp2Stream, headers, options, unfinished))
  // A connection that breaks ends its streams; there is nothing else to do about it.
  server.on('sessionError', () => {})
  server.maxConnections = mostConnections
  server.on('drop', () => {
    refused += 1
  })
  const connections = watchConnections(server, options.pingEveryMs, (from) => {
    silent += 1
    options.onSilent?.(from)
  })
  server.listen(options.port, options.address)
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    figures: () => ({
      ...{ connections: connections.open, mostConnections, refused, silent, ...unfinished.figures() },
      handshakes: handshakes?.bounds('xds_') ?? [],
    }),
    [Symbol.asyncDispose]: () => {
      forget?.()
      return close(server, connections)
    },
  }
}

async function close(server: Http2Server | Http2SecureServer, connections: Connections): Promise<void> {
  const closed = once(server, 'close')
  // Streams never end by themselves. Once the server has begun to close, its sessions would wait until the other end hangs up.
  connections.end()
  server.close()
  await closed
}

function accept(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  { path, mostBytes, open }: GrpcOptions,
  unfinished: Unfinished,
): void {
  // It is told by its end.
  stream.on('error', () => {})
  const refusal = refusalOf(headers, path)
  if (refusal) {
    stream.respond(refusal, { endStream: true })
    return
  }
  let said: { readonly code: Status; readonly details: string } | undefined
  const end = (code: Status, details = '') => {
    if (said) return
    said = { code, details }
    reader.end()
    kept.end()
    handler.end()
    stream.end()
  }
  const talk: GrpcStream = {
    write: (bytes, done) => {
      if (!said) stream.write(bytes, done)
    },
    end,
  }
  // What HTTP/2 gives for it keeps to itself whose certificate it has.
  const handler = open(talk, socketOf(stream))
  const reader = new MessageReader(mostBytes, (message) => {
    if (said) return
    kept.now(0)
    handler.message(message)
  })
  const kept = unfinished.of((why) =>
    why === 'stalled'
      ? end(status.deadlineExceeded, 'a message was begun and not finished')
      : end(status.resourceExhausted, 'there is no room for messages that are not finished'),
  )
  stream.on('data', (chunk: Buffer) => {
    if (said) return
    const refused = reader.read(chunk)
    if (refused !== undefined) end(status.unimplemented, refused)
    // Whoever takes the messages may have ended the call.
    else if (!said) kept.now(reader.kept)
  })
  stream.once('end', () => end(status.ok))
  stream.once('close', () => {
    kept.end()
    handler.end()
  })
  stream.once('wantTrailers', () => {
    const { code, details } = said ?? { code: status.ok, details: '' }
    stream.sendTrailers(trailers(code, details))
    // A client that has not ended its side is told that nobody reads it any more.
    setImmediate(() => stream.close(constants.NGHTTP2_NO_ERROR))
  })
  stream.respond(responseHeaders, { waitForTrailers: true })
}

function socketOf(stream: ServerHttp2Stream): Socket {
  const socket = stream.session?.socket
  if (!socket) throw new Error('a call without a connection')
  return socket as Socket
}

const responseHeaders = { ':status': 200, 'content-type': 'application/grpc' } as const

/** What is answered to something else than a call of the method. */
function refusalOf(headers: IncomingHttpHeaders, path: string) {
  if (headers[':method'] !== 'POST') return { ':status': 405 }
  if (!headers['content-type']?.startsWith('application/grpc')) return { ':status': 415 }
  if (headers[':path'] === path) return undefined
  return { ...responseHeaders, ...trailers(status.unimplemented, `there is no method ${headers[':path']}`) }
}

function trailers(code: Status, details: string) {
  return { 'grpc-status': String(code), ...(details === '' ? {} : { 'grpc-message': encodeURIComponent(details) }) }
}
