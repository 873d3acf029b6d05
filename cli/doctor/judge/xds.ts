import { type Finding, finder } from '../finding.ts'
import type { XdsAnswer } from '../xds-call.ts'

const { ok, warning, error } = finder('xds')

/** Status codes of gRPC with which a plane answers. */
const [invalidArgument, permissionDenied, unauthenticated] = [3, 7, 16]

/** How the doctor came there. */
export type XdsAsked = {
  /** `where Envoys ask the plane, plane.example:18000 (agent.yaml)` */
  readonly what: string
  readonly tookMs: number
  /** What was shown: the node's certificate, none, or nothing since it goes without TLS. */
  readonly shown: 'certificate' | 'none' | 'plain'
}

/** What is to be said of an answer to a discovery request that names no node. */
export function xdsFinding(answer: XdsAnswer, { what, tookMs, shown }: XdsAsked): Finding {
  if (answer.kind === 'other') {
    return error(
      `${what} does not answer as a plane does (step answer, ${tookMs} ms): ${answer.why}`,
      'See that `routing.xds` of a plane listens there, and that no proxy without HTTP/2 stands between.',
    )
  }
  const { code, details } = answer
  if (code === invalidArgument) {
    const how = { certificate: 'lets this node in', none: 'answers over TLS', plain: 'answers without TLS' }[shown]
    return ok(`${what} ${how} (${tookMs} ms)`)
  }
  if (code === unauthenticated && shown === 'none') {
    return ok(`${what} answers over TLS and wants a certificate of a node (${tookMs} ms)`)
  }
  if (code === unauthenticated || code === permissionDenied) {
    return error(
      `${what} does not let this node in (step authenticate, ${tookMs} ms): ${details}`,
      '`heddle identity show <node>` says what became of it there; one that was revoked or is of another installation has to be enrolled again.',
    )
  }
  return warning(`${what} answers status ${code}: ${details}`, 'See what the plane logs.')
}
