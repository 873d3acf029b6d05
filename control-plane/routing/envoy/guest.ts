import type { Socket } from 'node:net'
import type { Judged } from '#shared/identity/judge-certificate.ts'
import { type Bounds, outsideText } from '#shared/identity/scope.ts'
import { type GrpcTls, status } from './grpc/serve-streams.ts'

/** The node as which an Envoy has shown itself by a certificate. */
export type EnvoyGuest = {
  readonly node: string
  readonly bounds: Pick<Bounds, 'gateway'>
  /** What it may do now: it changes with what is revoked, and with time. */
  readonly judge: () => Judged
}

/** How Envoys are asked for certificates. */
export type XdsSecurity = {
  readonly tls: GrpcTls
  /** Undefined: it has shown none of ours. */
  readonly greet: (socket: Socket) => EnvoyGuest | undefined
  /** Calls `listener` when something was revoked. Returns how to stop. */
  readonly onChange: (listener: () => void) => () => void
}

export type XdsRefusal = {
  readonly code: typeof status.permissionDenied | typeof status.unauthenticated
  readonly details: string
}

/** Why an Envoy may not ask now; undefined: it may. */
export function refusalOf(guest: EnvoyGuest | undefined): XdsRefusal | undefined {
  if (!guest) return { code: status.unauthenticated, details: 'it shows no certificate of this installation' }
  const judged = guest.judge()
  if (judged.may === 'all') return undefined
  const why =
    judged.may === 'nothing' ? `${judged.code}: ${judged.why}` : 'CERTIFICATE_EXPIRED: its certificate has expired'
  return { code: status.permissionDenied, details: why }
}

/** Why an Envoy may not be what it says it is; undefined: it may. Several on one node are told apart by what follows the node's id and a slash. */
export function refusalOfNode(
  guest: EnvoyGuest,
  { id, cluster }: { readonly id: string; readonly cluster: string },
): XdsRefusal | undefined {
  if (id !== guest.node && !id.startsWith(`${guest.node}/`)) {
    const details = `IDENTITY_OTHER_NODE: its certificate is that of ${guest.node}, and its node.id is ${id}`
    return { code: status.permissionDenied, details }
  }
  const outside = guest.bounds.gateway(cluster)
  return outside && { code: status.permissionDenied, details: `IDENTITY_OUT_OF_SCOPE: ${outsideText(outside)}` }
}
