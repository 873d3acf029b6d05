import type { IncomingMessage } from 'node:http'
import { TLSSocket } from 'node:tls'
import type { Judged } from '#shared/identity/judge-certificate.ts'
import type { Caller } from '../access/caller.ts'
import { shownCaller } from '../access/shown-caller.ts'
import type { Identities } from '../identity/identities.ts'
import type { PlainClients } from './plain-clients.ts'

export type CallersParts = {
  /** The listener of old clients, if there is one. */
  readonly plain: Pick<PlainClients, 'limitsOf'> | undefined
  /** Who is known by certificates, where the API is asked over TLS. */
  readonly identities: Pick<Identities, 'shownIn' | 'judge'> | undefined
}

/**
 * Who it is by its connection; undefined: what it says counts. A certificate is looked at only where somebody must be known: where nothing is
 * asked of callers, nobody may do less for showing one.
 */
export type CallerOf = (request: IncomingMessage, required: boolean) => Caller | undefined

export function callerBy({ plain, identities }: CallersParts): CallerOf {
  const judged = ({ socket }: IncomingMessage): Judged | undefined => {
    if (!identities || !(socket instanceof TLSSocket)) return undefined
    const shown = identities.shownIn(socket)
    return shown.kind === 'node' ? identities.judge(shown.certificate) : undefined
  }
  return (request, required) => {
    const { authorization, cookie } = request.headers
    const says = authorization !== undefined || cookie !== undefined
    const isPlain = plain?.limitsOf(request) !== undefined
    const certificate = required && !says && !isPlain ? judged(request) : undefined
    return shownCaller({ plain: isPlain, says, certificate })
  }
}
