import type { Judged } from '#shared/identity/judge-certificate.ts'
import type { Caller } from './caller.ts'

/** What a request shows without a word of its own. */
export type Shown = {
  /** It came by the listener of old clients, who are not known. */
  readonly plain: boolean
  /** It says itself who it is, by a token or a session. */
  readonly says: boolean
  /** The certificate of its connection, as it was judged; undefined: there is none, or nobody can read it. */
  readonly certificate: Judged | undefined
}

/** Old clients have the registry's calls, of which their listener lets fewer through. */
const plainCaller: Caller = { kind: 'plain', name: 'plain', permissions: ['registry:read', 'registry:write'] }

/**
 * Who it is by the listener that a request came on or by the certificate of its connection; undefined: what it says counts. What is said on
 * the listener of old clients counts for nothing: it travels in the clear. A certificate lets nobody do anything but what everybody who is known
 * may: all that an agent needs it says and hears in its session, about its own node.
 */
export function shownCaller({ plain, says, certificate }: Shown): Caller | undefined {
  if (plain) return plainCaller
  if (says || certificate?.may !== 'all') return undefined
  const { node, scope } = certificate
  const tenant = scope.tenant === undefined ? {} : { tenant: scope.tenant }
  return { kind: 'agent', name: `agent:${node}`, permissions: [], ...tenant }
}
