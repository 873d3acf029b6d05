import type { ClientHttp2Session, IncomingHttpHeaders, IncomingHttpStatusHeader } from 'node:http2'
import { isIPv6, type Socket } from 'node:net'
import type { ProbeSpecOf, Verdict } from '../protocol/check.ts'
import { reason } from '../protocol/reason.ts'
import { attempt, type ProbeOptions, type ProbeResult } from './attempt.ts'
import { verdictOfError } from './connection.ts'
import { badAnswer } from './exchange.ts'
import { type GrpcAnswer, healthRequest, readHealth } from './grpc-health.ts'

const mostBytes = 4 * 1024

/**
 * One call of grpc.health.v1.Health/Check, on a connection of its own. A client library of gRPC would keep its own connections,
 * retry by itself and hide what became of the socket, which is what is asked here.
 */
export function probeGrpc(spec: ProbeSpecOf<'grpc'>, options: ProbeOptions): Promise<ProbeResult> {
  return attempt({ ...spec, alpn: ['h2'] }, options, (socket, end) => {
    const done = (verdict: Verdict) => end({ verdict })
    openSession(spec, socket, done).then((session) => call(session, spec, done), fail(done))
  })
}

async function openSession(
  { address, port, tls = false }: ProbeSpecOf<'grpc'>,
  socket: Socket,
  done: (verdict: Verdict) => void,
): Promise<ClientHttp2Session> {
  // Only agents with such a check pay for it.
  const { connect } = await import('node:http2')
  const authority = `${tls ? 'https' : 'http'}://${isIPv6(address) ? `[${address}]` : address}:${port}`
  const session = connect(authority, {
    createConnection: () => socket,
    maxSessionMemory: 1,
    maxHeaderListPairs: 64,
    maxReservedRemoteStreams: 0,
    settings: { enablePush: false, initialWindowSize: 16 * 1024, maxHeaderListSize: 16 * 1024 },
  })
  session.on('error', fail(done))
  // Before any answer: whoever speaks no HTTP/2 hangs up, too.
  session.on('close', () => done(lost))
  return session
}

type Head = IncomingHttpHeaders & IncomingHttpStatusHeader

function call(session: ClientHttp2Session, spec: ProbeSpecOf<'grpc'>, done: (verdict: Verdict) => void): void {
  if (session.destroyed) {
    done(lost)
    return
  }
  const stream = session.request({
    ':method': 'POST',
    ':path': '/grpc.health.v1.Health/Check',
    'content-type': 'application/grpc',
    te: 'trailers',
    'grpc-timeout': `${Math.ceil(spec.timeoutMs)}m`,
    'user-agent': 'heddle',
  })
  const parts: Buffer[] = []
  let bytes = 0
  let head: Head = {}
  let trailer: IncomingHttpHeaders = {}
  stream.on('response', (headers) => {
    head = headers
  })
  stream.on('trailers', (headers) => {
    trailer = headers
  })
  stream.on('data', (chunk: Buffer) => {
    parts.push(chunk)
    bytes += chunk.length
    if (bytes > mostBytes) done(badAnswer('too long'))
  })
  stream.on('end', () => {
    if (head[':status'] !== undefined) done(readHealth(answerOf(head, trailer, Buffer.concat(parts))))
  })
  stream.on('error', fail(done))
  stream.on('close', () => done(lost))
  stream.end(healthRequest(spec.service))
}

function answerOf(head: Head, trailer: IncomingHttpHeaders, body: Buffer): GrpcAnswer {
  // Without a message the trailer is the header.
  const grpcStatus = trailer['grpc-status'] ?? head['grpc-status']
  return {
    status: head[':status'] ?? 0,
    contentType: head['content-type'] ?? '',
    grpcStatus: grpcStatus === undefined ? undefined : String(grpcStatus),
    body,
  }
}

const lost: Verdict = { health: 'critical', reason: reason('reset') }

function fail(done: (verdict: Verdict) => void): (error: unknown) => void {
  return (error) => {
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    done(code.startsWith('ERR_HTTP2') ? badAnswer('not gRPC') : verdictOfError(error))
  }
}
