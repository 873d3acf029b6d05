import { Failure } from '#shared/failure/failure.ts'
import type { InstanceView, NodeView } from '#shared/protocol/api.ts'

/** What an operator means by a name. */
export type Target = { readonly kind: 'instance' | 'node'; readonly id: string }

type Known = {
  readonly instances: readonly Pick<InstanceView, 'id' | 'name'>[]
  /** Left out where only an instance can be meant. */
  readonly nodes?: readonly Pick<NodeView, 'id' | 'name'>[]
}

const mostCandidates = 10

/**
 * The one instance or node that `text` names: by its id, else by its display name, else by the beginning of its id. Throws
 * NOT_FOUND, or NAME_AMBIGUOUS with the candidates: a change must never meet something that was not meant.
 */
export function target(text: string, known: Known): Target {
  const all = [
    ...known.instances.map(({ id, name }) => ({ kind: 'instance' as const, id, name })),
    ...(known.nodes ?? []).map(({ id, name }) => ({ kind: 'node' as const, id, name })),
  ]
  const byId = all.find(({ id }) => id === text)
  if (byId) return { kind: byId.kind, id: byId.id }
  for (const found of [
    all.filter(({ name }) => name !== '' && name.normalize() === text.normalize()),
    all.filter(({ id }) => text !== '' && id.startsWith(text)),
  ]) {
    const [first] = found
    if (first && found.length === 1) return { kind: first.kind, id: first.id }
    if (first) throw ambiguous(text, found)
  }
  const kinds = known.nodes === undefined ? 'instance' : 'instance or node'
  throw new Failure('NOT_FOUND', `there is no ${kinds} ${text}`)
}

function ambiguous(text: string, found: readonly { kind: string; id: string; name: string }[]): Failure {
  const lines = found
    .slice(0, mostCandidates)
    .map(({ kind, id, name }) => `${kind} ${id}${name === '' ? '' : ` (${name})`}`)
  const more = found.length > mostCandidates ? [`and ${found.length - mostCandidates} more`] : []
  return new Failure('NAME_AMBIGUOUS', `${text} may be any of ${found.length}`, {
    cause: new Error([...lines, ...more].join('\n')),
  })
}
