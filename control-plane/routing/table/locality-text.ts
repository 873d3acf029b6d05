import { holds, type Nearness } from './locality.ts'
import type { LocalityView } from './located.ts'

const names: Readonly<Record<Nearness, string>> = { site: 'own site', cluster: 'own cluster', other: 'elsewhere' }

/** Which level serves and why, for people: `own cluster serves (own site 0 of 2, own cluster 3 of 3, elsewhere 1 of 1)`. */
export function localityText({ order, levels, level, leastPercent, returnsInMs }: LocalityView): string {
  const counts = levels.map((each, place) => {
    const { callable, failed } = each
    const few = callable > 0 && !holds(each, { leastPercent }) ? `, under ${leastPercent}%` : ''
    return `${nameAt(order, place)} ${callable} of ${callable + failed}${few}`
  })
  const serves = level === undefined ? 'no level serves' : `${nameAt(order, level)} serves`
  const back =
    returnsInMs === undefined ? '' : `; a nearer one takes over in ${Math.ceil(returnsInMs / 1000)} s if it holds`
  return `${serves} (${counts.join(', ')})${back}`
}

function nameAt(order: readonly Nearness[], place: number): string {
  return names[order[place] ?? 'other']
}
