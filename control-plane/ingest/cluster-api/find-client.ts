import type { InstanceBelief } from '../../fleet/belief.ts'
import { describe, type Hint, meant } from './identity.ts'
import type { Namesakes } from './namesakes.ts'
import { Refusal } from './refusal.ts'

/**
 * The client's instance that a request means; undefined: there is none of this id. Throws a 409 refusal where nobody can tell
 * which one is meant, and a 403 one where an agent looks after it.
 */
export function findClient(id: string, hint: Hint, namesakes: Namesakes): InstanceBelief | undefined {
  const all = namesakes.of(id)
  const found = meant(all, hint)
  if (all.length > 0 && found.length !== 1) {
    const names = (found.length > 1 ? found : all).map(describe).join(' and ')
    throw new Refusal(
      409,
      `several instances call themselves ${id}: ${names}`,
      [{ field: 'id', message: 'use the whole id, or say node_id or address and port in the body' }],
      { remedy: 'Use the whole id, or say node_id or address and port in the body.' },
    )
  }
  const [instance] = found
  if (instance && instance.origin !== 'client') throw agentsOwn(instance)
  return instance
}

/** What an agent looks after, this API leaves alone. */
export function agentsOwn(instance: InstanceBelief): Refusal {
  if (instance.origin === 'kubernetes') {
    return new Refusal(
      403,
      `${instance.spec.id} comes from Kubernetes (${instance.registeredBy}): only that and operators change it`,
      [{ field: 'instance_id', message: 'comes from Kubernetes' }],
    )
  }
  return new Refusal(
    403,
    `the agent of node ${instance.node} looks after ${instance.spec.id}: only it and operators change it (heddle drain, or the agent's configuration)`,
    [{ field: 'instance_id', message: `belongs to the agent of node ${instance.node}` }],
  )
}
