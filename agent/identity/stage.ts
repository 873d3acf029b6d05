import { renewableMs } from '#shared/identity/judge-certificate.ts'

type Times = { readonly issuedAt: number; readonly notAfter: number }

/** holds: it can be shown · renew: it expired lately, so it may be renewed and nothing else · anew: the node has to be let in. */
export type Stage = 'holds' | 'renew' | 'anew'

/** @param now epoch milliseconds */
export function stageOf(times: Pick<Times, 'notAfter'> | undefined, now: number): Stage {
  if (!times) return 'anew'
  if (now < times.notAfter) return 'holds'
  return now < times.notAfter + renewableMs ? 'renew' : 'anew'
}

/** When it is to be renewed: about half of its life, so that nodes that were let in together do not come together. @param random from 0 to 1 */
export function renewAt({ issuedAt, notAfter }: Times, random: number): number {
  return issuedAt + (notAfter - issuedAt) * (0.45 + random * 0.1)
}
