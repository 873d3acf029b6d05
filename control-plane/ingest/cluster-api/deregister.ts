import { type Condition, needVersion } from './condition.ts'
import { findClient } from './find-client.ts'
import type { Hint } from './identity.ts'
import type { ClientParts } from './parts.ts'
import { Refusal } from './refusal.ts'

const mostTries = 5

/**
 * Removes a client's instance; resolves with its id when that is on disk, and with undefined where there is none (any more). Throws
 * a refusal (409 nobody can tell which one, 403 an agent's, 412 not as `condition` says) and STORE_UNAVAILABLE.
 */
export async function deregister(
  id: string,
  hint: Hint,
  parts: ClientParts,
  condition?: Condition,
): Promise<string | undefined> {
  for (let tries = 0; tries < mostTries; tries += 1) {
    const instance = findClient(id, hint, parts.namesakes)
    if (!instance) return undefined
    needVersion(condition, instance, parts)
    const { id: found } = instance.spec
    const change = { kind: 'deregistered', instance: found, cause: 'client' } as const
    const outcome = await parts.record(change, { by: `client:${found}`, seen: instance.revision })
    if (outcome === 'overtaken') continue
    parts.beats.forget(found)
    return found
  }
  throw new Refusal(409, `${id} is being changed by somebody else; try again`)
}
