import type { X509Certificate } from 'node:crypto'
import { request as askHttps } from 'node:https'
import type { TLSSocket } from 'node:tls'
import * as z from 'zod/mini'
import { explainError } from '#shared/failure/failure.ts'
import { readBounded } from '#shared/http/read-bounded.ts'
import { checkPin } from '#shared/identity/check-pin.ts'
import { EnrolView } from '#shared/protocol/identity-api.ts'
import type { Credentials } from './credentials.ts'

export type Granted =
  | { readonly kind: 'issued'; readonly certificate: string; readonly trust: string }
  | { readonly kind: 'waiting' }
  /** `retry`: somebody need not change anything before it is asked again. */
  | { readonly kind: 'refused'; readonly code: string; readonly why: string; readonly retry: boolean }

const withinMs = 15_000
const mostBytes = 256 * 1024

const Problem = z.object({ code: z.optional(z.string()), detail: z.string() })

/** By what a plane is told from somebody else: the key of its authority, or those whom the node trusts already. */
export type Proof =
  | { readonly kind: 'pin'; readonly pin: string }
  /** Or an authority that somebody handed over, PEM. */
  | { readonly kind: 'signed'; readonly ca: string }
  | { readonly kind: 'known'; readonly credentials: Credentials }

/** Asks a plane for a certificate. Nothing is sent to who is not proven to be one. Never rejects. */
export async function askPlane(
  plane: string,
  path: '/v1/enrol' | '/v1/renew',
  body: object,
  proof: Proof,
  stop: AbortSignal,
): Promise<Granted> {
  try {
    const { status, text } = await exchange(
      new URL(`${plane.replace(/\/+$/, '')}${path}`),
      JSON.stringify(body),
      proof,
      stop,
    )
    const value: unknown = JSON.parse(text)
    if (status < 300) {
      const view = z.parse(EnrolView, value)
      return view.state === 'issued' ? { kind: 'issued', ...view } : { kind: 'waiting' }
    }
    const { code = `status ${status}`, detail } = z.parse(Problem, value)
    return { kind: 'refused', code, why: detail, retry: status >= 500 || status === 429 }
  } catch (error) {
    const code = error instanceof Unproven ? 'PLANE_UNPROVEN' : 'PLANE_UNREACHABLE'
    return { kind: 'refused', code, why: explainError(error), retry: true }
  }
}

class Unproven extends Error {}

function exchange(url: URL, body: string, proof: Proof, stop: AbortSignal): Promise<{ status: number; text: string }> {
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; text: string }>()
  const request = askHttps(url, {
    method: 'POST',
    agent: false,
    signal: AbortSignal.any([stop, AbortSignal.timeout(withinMs)]),
    headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
    ...(proof.kind === 'known'
      ? { ca: proof.credentials.trust, cert: proof.credentials.certificate, key: proof.credentials.key }
      : proof.kind === 'signed'
        ? { ca: proof.ca }
        : // Whom to believe is not known yet: who answers is checked by the pin, before anything is said.
          { rejectUnauthorized: false }),
  })
  request.on('error', reject)
  request.on('socket', (socket) => {
    socket.once('secureConnect', () => {
      const pinned =
        proof.kind === 'pin' ? checkPin(shownBy(socket as TLSSocket), proof.pin, host, Date.now()) : undefined
      if (pinned?.kind === 'stranger') request.destroy(new Unproven(pinned.why))
      else request.end(body)
    })
  })
  request.on('response', (response) => {
    readBounded(response, mostBytes).then(({ body, truncated }) => {
      if (truncated) reject(new Error('its answer is too large'))
      else resolve({ status: response.statusCode ?? 0, text: body.toString('utf8') })
    }, reject)
  })
  return promise
}

/** The certificates that the other end has shown, its own first. */
function shownBy(socket: TLSSocket): readonly X509Certificate[] {
  const shown: X509Certificate[] = []
  for (let each = socket.getPeerX509Certificate(); each && shown.length < 10; each = each.issuerCertificate) {
    // One that has signed itself is its own issuer.
    if (shown.at(-1)?.fingerprint256 === each.fingerprint256) break
    shown.push(each)
  }
  return shown
}
