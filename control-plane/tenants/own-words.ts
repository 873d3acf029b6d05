import type { InstanceBelief } from '../fleet/belief.ts'
import type { JournalEntry } from '../fleet/event.ts'

type Death = { readonly vantages: readonly string[] }

/** Who has seen something die, without the names of nodes that are others'. */
function withoutOthers<D extends Death>(death: D, isOwn: (node: string) => boolean): D {
  const isShown = (vantage: string) => vantage === 'plane' || isOwn(vantage)
  if (death.vantages.every(isShown)) return death
  return { ...death, vantages: death.vantages.map((vantage) => (isShown(vantage) ? vantage : 'another node')) }
}

/** What is believed of a tenant's instance, as the tenant may read it. */
export function ownBelief(instance: InstanceBelief, isOwn: (node: string) => boolean): InstanceBelief {
  const death = instance.death && withoutOthers(instance.death, isOwn)
  return death === instance.death ? instance : { ...instance, death }
}

/** An event of what is a tenant's, as the tenant may read it. */
export function ownEntry(entry: JournalEntry, isOwn: (node: string) => boolean): JournalEntry {
  const { change } = entry.event
  if (change.kind !== 'death-confirmed') return entry
  const death = withoutOthers(change.death, isOwn)
  return death === change.death ? entry : { ...entry, event: { ...entry.event, change: { ...change, death } } }
}
