import { connect, type IncomingHttpHeaders } from 'node:http2'
import type { Socket } from 'node:net'
import type { Scene } from './check.ts'

/** How a discovery request was answered. */
export type XdsAnswer =
  | { readonly kind: 'status'; readonly code: number; readonly details: string }
  /** Not by gRPC, or not at all. */
  | { readonly kind: 'other'; readonly why: string }

const path = '/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources'
const typeUrl = Buffer.from('type.googleapis.com/envoy.config.cluster.v3.Cluster')

/**
 * A DeltaDiscoveryRequest that asks for clusters (its field 2) and names no node, framed as a message of gRPC. A plane answers whom it lets in that a
 * node has to be named, so nobody takes the doctor for an Envoy of a gateway.
 */
const request = Buffer.concat([Buffer.from([0, 0, 0, 0, typeUrl.length + 2, 0x12, typeUrl.length]), typeUrl])

/** Makes one discovery request on a connection, as an Envoy does. Never rejects. */
export function callXds(socket: Socket, authority: string, { stop, answerWithinMs }: Scene): Promise<XdsAnswer> {
  const { promise, resolve } = Promise.withResolvers<XdsAnswer>()
  const other = (why: string) => resolve({ kind: 'other', why })
  const over = AbortSignal.any([stop, AbortSignal.timeout(answerWithinMs)])
  over.addEventListener('abort', () => other(`nothing within ${answerWithinMs / 1000} s`), { once: true })
  const session = connect(authority, { createConnection: () => socket, settings: { enablePush: false } })
  session.on('error', ({ message }) => other(message))
  session.on('close', () => other('it ended the connection without an answer'))
  const call = session.request({
    ...{ ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers', 'user-agent': 'heddle' },
  })
  const told = (headers: IncomingHttpHeaders) => {
    const code = headers['grpc-status']
    if (code === undefined) return
    resolve({ kind: 'status', code: Number(code), details: decoded(String(headers['grpc-message'] ?? '')) })
  }
  call.on('response', (headers) => {
    if (headers[':status'] !== 200) other(`it answers ${headers[':status']}`)
    told(headers)
  })
  call.on('trailers', told)
  call.on('error', ({ message }) => other(message))
  call.on('close', () => other('it ended the call without a status'))
  call.resume()
  call.write(request)
  return promise.finally(() => session.destroy())
}

/** What gRPC has as percent-encoded text. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text).slice(0, 300)
  } catch {
    return text.slice(0, 300)
  }
}
