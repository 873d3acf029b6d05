import { isDeepStrictEqual } from 'node:util'
import type { InstanceSpec, Verdict } from '#shared/protocol/check.ts'
import { sameReason } from '#shared/protocol/reason.ts'
import type { InstanceBelief } from '../../../fleet/belief.ts'
import type { InstanceEvent } from '../../../fleet/event.ts'

/** The newest that an agent said of one of its instances. */
export type Word =
  | { readonly kind: 'present'; readonly spec: InstanceSpec; readonly verdict: Verdict }
  | { readonly kind: 'withdrawn' }

export type Step =
  | { readonly kind: 'settled' }
  /** Somebody else looks after an instance of this id. */
  | { readonly kind: 'foreign'; readonly owner: string }
  | { readonly kind: 'record'; readonly change: InstanceEvent; readonly seen: number }

/** The next thing to record so that the belief becomes what the agent of `node` said; taken again and again, it settles. */
export function nextStep(node: string, id: string, word: Word, known: InstanceBelief | undefined): Step {
  const foreign = known !== undefined && !isOf(node, known)
  switch (word.kind) {
    case 'withdrawn':
      if (!known || foreign) return { kind: 'settled' }
      return record(known, { kind: 'deregistered', instance: id, cause: 'withdrawn' })
    case 'present': {
      if (foreign) return { kind: 'foreign', owner: known.registeredBy }
      const { spec, verdict } = word
      const register = { kind: 'registered', instance: id, spec, node, origin: 'agent' } as const
      if (!known) return record(known, register)
      // Elsewhere it is another process, of which nothing has been judged yet.
      if (known.spec.address !== spec.address || known.spec.port !== spec.port) return record(known, register)
      if (changesVerdict(known, verdict)) return record(known, { kind: 'judged', instance: id, ...verdict })
      return isDeepStrictEqual(known.spec, spec) ? { kind: 'settled' } : record(known, register)
    }
  }
}

/** Whether the agent of `node` looks after this instance. */
export function isOf(node: string, known: InstanceBelief): boolean {
  return known.origin === 'agent' && known.node === node
}

function record(known: InstanceBelief | undefined, change: InstanceEvent): Step {
  return { kind: 'record', change, seen: known?.revision ?? 0 }
}

function changesVerdict(known: InstanceBelief, { health, reason }: Verdict): boolean {
  // "I do not know yet" takes nothing back: an agent that was just restarted or upgraded says so of everything.
  if (health === 'unknown') return known.health === 'unknown' && !sameReason(known.reason, reason)
  return known.death !== undefined || known.health !== health || !sameReason(known.reason, reason)
}
