import { isDeepStrictEqual } from 'node:util'
import type { ImportEnd } from '#shared/protocol/registry-import.ts'
import { withoutSecrets } from '#shared/protocol/without-secrets.ts'
import type { NodeSpec } from '../../../fleet/belief.ts'
import { isOnlyLocal } from '../../local-address.ts'
import { agentlessNode } from '../join-node.ts'
import { type NodeRegistration, readNode } from '../node-body.ts'
import type { ClientParts } from '../parts.ts'
import { Refusal } from '../refusal.ts'
import { differsRemedy, type ImportHow } from './how.ts'

const mostTries = 5

/** Registers a node that a former registry had. It is not heard of by that. Throws a refusal. */
export async function importNode(
  body: unknown,
  { overwrite, dryRun, by }: ImportHow,
  { fleet, record }: Pick<ClientParts, 'fleet' | 'record'>,
): Promise<ImportEnd> {
  const registration = readNode(body, undefined)
  const { id } = registration
  for (let tries = 0; tries < mostTries; tries += 1) {
    const known = fleet.nodes.get(id)
    if (known && known.spec.machine !== '') return { outcome: 'there', reason: 'its agent says what it is' }
    const spec = specOf(registration, known?.spec)
    if (known && isDeepStrictEqual(known.spec, spec)) return { outcome: 'there' }
    // A node that only came with an instance on it has said nothing of itself yet.
    if (known?.spec.registered && !overwrite) {
      return { outcome: 'kept', reason: `${id} is registered otherwise`, remedy: differsRemedy }
    }
    if (dryRun) return { outcome: 'taken' }
    const outcome = await record({ kind: 'node-joined', node: spec }, { by, seen: known?.revision ?? 0 })
    if (outcome !== 'overtaken') return { outcome: 'taken' }
  }
  throw new Refusal(409, `${id} is being changed by somebody else`, [], { remedy: 'Import it again.' })
}

/** What the row does not say, stays as it is known. */
function specOf(said: NodeRegistration, known: NodeSpec | undefined): NodeSpec {
  const { id, name, type, address = '', port, status, cluster, site, capabilities, resources } = said
  // Where the request came from is not where the node is.
  const reached = isOnlyLocal(address) ? '' : address
  return agentlessNode(id, {
    name: name === id ? (known?.name ?? id) : name,
    address: reached || (known?.address ?? ''),
    cluster: cluster || (known?.cluster ?? ''),
    site: site || (known?.site ?? ''),
    registered: { type, port, status, ...withoutSecrets({ capabilities, resources }) },
  })
}
