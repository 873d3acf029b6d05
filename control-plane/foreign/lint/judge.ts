import type { FindingView } from '#shared/protocol/lint.ts'
import type { Facts, Settings } from './facts.ts'
import { rules } from './rules.ts'

/** What the rules find, in the order of nodes and ids. */
export function findings(all: readonly Facts[], settings: Settings): readonly FindingView[] {
  return all.toSorted(byPlace).flatMap((facts) =>
    rules.flatMap(({ name: rule, why, remedy }) => {
      const reason = why(facts, settings)
      const { node, service, id } = facts.record
      return reason === undefined ? [] : [{ rule, node, service, id, why: reason, remedy }]
    }),
  )
}

function byPlace({ record: a }: Facts, { record: b }: Facts): number {
  if (a.node !== b.node) return a.node < b.node ? -1 : 1
  return a.id < b.id ? -1 : 1
}
