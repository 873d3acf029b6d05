import type { IdentityChange, StoredIdentity } from '../fleet/identity.ts'
import { revokeEnrolment } from '../fleet/revoked.ts'

export type Word = {
  /** Epoch milliseconds. */
  readonly at: number
  readonly by: string
  readonly why: string
}

/** A node that is revoked: nothing that it was ever given counts, and who waits to be it waits no more. */
export function revoked(
  identity: StoredIdentity,
  { at, by, why }: Word,
): IdentityChange & { readonly revocations: NonNullable<IdentityChange['revocations']> } {
  const { node, scope } = identity
  return {
    identity: { ...identity, state: 'revoked', formerKey: undefined, pending: undefined },
    revocations: [revokeEnrolment(node, scope.enrolment, at, by, why)],
  }
}
