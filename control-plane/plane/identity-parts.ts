import type { IdentityParts } from '../api/identity.ts'
import type { Identities } from '../identity/identities.ts'
import type { Run } from './run.ts'

/** What the API needs to let nodes in. */
export function identityParts({ config, log }: Run, identities: Identities): IdentityParts {
  const { at_once: atOnce, refused_per_minute: refusedPerMinute } = config.identity
  return { identities, atOnce, refusedPerMinute, log }
}
