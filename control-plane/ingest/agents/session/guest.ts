import type { IncomingMessage } from 'node:http'
import type { Judged } from '#shared/identity/judge-certificate.ts'
import type { Bounds } from '#shared/identity/scope.ts'
import type { PlaneMessage } from '#shared/protocol/messages.ts'

/** The node as which an agent has shown itself by a certificate. */
export type Guest = {
  readonly node: string
  /** What it may say. */
  readonly bounds: Bounds
  /** What it may do now: it changes with what is revoked, and with time. */
  readonly judge: () => Judged
  /** Gives it its next certificate. Never rejects. @param machine the one that it says it is on */
  readonly renew: (csr: string, machine: string) => Promise<Extract<PlaneMessage, { type: 'renewed' | 'not-renewed' }>>
}

export type Greeted =
  /** Where nobody needs a certificate. */
  | { readonly kind: 'anybody' }
  | { readonly kind: 'guest'; readonly guest: Guest }
  /** It has shown none. */
  | { readonly kind: 'stranger' }

/** As whom somebody comes who wants to begin a session. */
export type Greet = (request: IncomingMessage) => Greeted
