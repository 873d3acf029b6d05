import type { Verdict } from '../protocol/check.ts'
import { reason } from '../protocol/reason.ts'
import { badAnswer, needsLogin, ok } from './exchange.ts'
import { bounded } from './words.ts'

/** What of an answer to a gRPC call is judged. */
export type GrpcAnswer = {
  /** The status of HTTP. */
  readonly status: number
  readonly contentType: string
  /** The call's own status, of which 0 is good, as it stands in the header or trailer. */
  readonly grpcStatus: string | undefined
  readonly body: Buffer
}

/** HealthCheckRequest, framed as a message of gRPC: not compressed, its length, its one field. */
export function healthRequest(service: string): Buffer {
  const name = Buffer.from(service)
  const field = name.length === 0 ? name : Buffer.concat([Buffer.from([0x0a, ...varint(name.length)]), name])
  const head = Buffer.alloc(5)
  head.writeUInt32BE(field.length, 1)
  return Buffer.concat([head, field])
}

/** What an answer to Check says of the service. Never throws. */
export function readHealth({ status, contentType, grpcStatus, body }: GrpcAnswer): Verdict {
  const isGrpc = contentType.startsWith('application/grpc')
  if (grpcStatus === undefined || !isGrpc) {
    if (status === 404) return noHealthServer
    if (status === 401 || status === 403) return needsLogin
    // 200 is the status of every answer of gRPC; one without a status of its own has ended early.
    if (status !== 200) return { health: 'critical', reason: reason('http_status', { status: String(status) }) }
    return badAnswer(isGrpc ? 'ended early' : 'not gRPC')
  }
  return grpcStatus === '0' ? readResponse(body) : failed(grpcStatus)
}

const noHealthServer: Verdict = { health: 'passing', reason: reason('no_health_endpoint', { status: 'UNIMPLEMENTED' }) }

// https://grpc.io/docs/guides/status-codes
const names = (
  'OK CANCELLED UNKNOWN INVALID_ARGUMENT DEADLINE_EXCEEDED NOT_FOUND ALREADY_EXISTS PERMISSION_DENIED RESOURCE_EXHAUSTED ' +
  'FAILED_PRECONDITION ABORTED OUT_OF_RANGE UNIMPLEMENTED INTERNAL UNAVAILABLE DATA_LOSS UNAUTHENTICATED'
).split(' ')

function failed(grpcStatus: string): Verdict {
  const status = names[Number(grpcStatus)] ?? bounded(grpcStatus.replace(/[^0-9]/g, '?'), 10)
  switch (status) {
    case 'UNIMPLEMENTED':
      return noHealthServer
    case 'PERMISSION_DENIED':
    case 'UNAUTHENTICATED':
      return needsLogin
    case 'DEADLINE_EXCEEDED':
      return { health: 'critical', reason: reason('timeout') }
    case 'RESOURCE_EXHAUSTED':
      return { health: 'warning', reason: reason('grpc_status', { status }) }
    default:
      // NOT_FOUND too: the service that was asked for is not there.
      return { health: 'critical', reason: reason('grpc_status', { status }) }
  }
}

function readResponse(body: Buffer): Verdict {
  if (body.length < 5) return badAnswer('no message')
  const length = body.readUInt32BE(1)
  // We offer no compression, so that none may be used.
  if (body[0] !== 0 || length !== body.length - 5) return badAnswer('bad message')
  const serving = readServing(body.subarray(5))
  switch (serving) {
    case undefined:
      return badAnswer('bad message')
    case 0:
      return { health: 'warning', reason: reason('grpc_health', { status: 'UNKNOWN' }) }
    case 1:
      return ok
    case 2:
      return { health: 'critical', reason: reason('grpc_health', { status: 'NOT_SERVING' }) }
    case 3:
      return { health: 'critical', reason: reason('grpc_health', { status: 'SERVICE_UNKNOWN' }) }
    default:
      return { health: 'warning', reason: reason('unknown_word', { word: '#' }) }
  }
}

/** The field `status` of a HealthCheckResponse, 0 where it is left out; undefined if the bytes are no message. */
function readServing(bytes: Buffer): number | undefined {
  let serving = 0
  let at = 0
  const next = (): number | undefined => {
    let value = 0
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = bytes[at]
      if (byte === undefined) return undefined
      at += 1
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) return value
    }
    return undefined
  }
  while (at < bytes.length) {
    const tag = next()
    if (tag === undefined || tag < 8) return undefined
    const type = tag % 8
    const value = type === 1 ? 8 : type === 5 ? 4 : next()
    if (value === undefined || ![0, 1, 2, 5].includes(type)) return undefined
    if (type === 0) serving = tag === 8 ? value : serving
    else at += value
    if (at > bytes.length) return undefined
  }
  return serving
}

function varint(value: number): readonly number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >>> 7)]
}
