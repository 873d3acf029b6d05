import { clientIdPattern } from '#shared/protocol/identity.ts'
import type { InstanceBelief } from '../../fleet/belief.ts'

/** Who a client says it is, and where. */
export type Claim = { readonly id: string; readonly node: string; readonly address: string; readonly port: number }

export type Recognition =
  /** Nobody has this id, or its holder is gone: the instance gets it. */
  | { readonly kind: 'taken'; readonly id: string; readonly before: InstanceBelief | undefined }
  | { readonly kind: 'same'; readonly id: string; readonly before: InstanceBelief }
  | { readonly kind: 'agents'; readonly holder: InstanceBelief }
  | { readonly kind: 'conflict'; readonly holders: readonly InstanceBelief[] }

/** The id of an instance whose own id somebody else holds. */
export function qualifiedId(id: string, node: string): string {
  return `${id}@${node}`
}

/**
 * Who registers here. The same id, address and port is the same instance, whatever node it names now; the same id elsewhere, while
 * the first is alive, is another instance, `id@node`.
 */
export function recognise(
  { id, node, address, port }: Claim,
  find: (id: string) => InstanceBelief | undefined,
  isAlive: (instance: InstanceBelief) => boolean,
): Recognition {
  const isHere = ({ spec }: InstanceBelief) => spec.address === address && spec.port === port
  const first = find(id)
  const other = qualifiedId(id, node)
  const second = find(other)
  for (const holder of [first, second]) if (holder && holder.origin !== 'client') return { kind: 'agents', holder }
  if (first && isHere(first)) return { kind: 'same', id, before: first }
  if (second && isHere(second)) return { kind: 'same', id: other, before: second }
  if (!first || !isAlive(first)) return { kind: 'taken', id, before: first }
  if (!clientIdPattern.test(other)) return { kind: 'conflict', holders: [first] }
  if (!second || !isAlive(second)) return { kind: 'taken', id: other, before: second }
  return { kind: 'conflict', holders: [first, second] }
}

/** What a request says of its sender besides the id. */
export type Hint = {
  readonly node?: string | undefined
  readonly address?: string | undefined
  readonly port?: number | undefined
}

/**
 * Which of the instances that call themselves `id` is meant: those that fit all that the request says of its sender. More than
 * one: nobody can tell.
 */
export function meant(namesakes: readonly InstanceBelief[], hint: Hint): readonly InstanceBelief[] {
  if (namesakes.length < 2) return namesakes
  return namesakes.filter(
    ({ node, spec }) =>
      (hint.node === undefined || hint.node === node) &&
      (hint.address === undefined || hint.address === spec.address) &&
      (hint.port === undefined || hint.port === spec.port),
  )
}

/** `crm-1 (10.0.0.1:8080 on node-a)` */
export function describe({ spec, node }: InstanceBelief): string {
  return `${spec.id} (${spec.address}:${spec.port} on ${node})`
}
