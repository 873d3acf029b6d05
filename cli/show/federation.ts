import type { FederationDecision, FederationView } from '#shared/protocol/federation.ts'
import { age } from './age.ts'
import type { Style } from './style.ts'
import { type Cell, type Column, table } from './table.ts'

const columns: readonly Column[] = [
  { head: 'CLUSTER' },
  { head: 'STATE' },
  { head: 'SINCE', align: 'right' },
  { head: 'HEALTH', align: 'right' },
  { head: 'AI CAPACITY', align: 'right' },
  { head: 'LOAD', align: 'right' },
  { head: 'ROUTABLE', align: 'right' },
  { head: 'MEASURED', align: 'right' },
  { head: 'ENTRY' },
]

/** How each cluster stands, and who answers by each rule. */
export function showFederation({ clusters, rules, answering }: FederationView, style: Style): string {
  const standing = table(
    columns,
    clusters.map(({ name, alive, since, health, ai_capacity, load, inputs, entry }): Cell[] => [
      name,
      alive ? { text: 'alive', colour: 'good' } : { text: 'not alive', colour: 'bad' },
      age(since, style.now),
      String(health),
      String(ai_capacity),
      `${Math.round(load * 100)}%`,
      `${inputs.routable} of ${inputs.instances}`,
      `${inputs.measured} of ${inputs.routable}`,
      entry ?? '-',
    ]),
    style,
  )
  const types = new Map(rules.map(({ name, types }) => [name, types.join(', ')]))
  const answers = table(
    [{ head: 'RULE' }, { head: 'ANSWERS' }, { head: 'SINCE', align: 'right' }, { head: 'FOR' }],
    answering.map(({ rule, cluster, since }): Cell[] => [
      rule,
      cluster ?? { text: 'nobody', colour: 'bad' },
      age(since, style.now),
      types.get(rule) ?? 'anything else',
    ]),
    style,
  )
  return `${standing}\n\n${answers}`
}

/** Which cluster answers, by which rule, and from which figures. */
export function showDecision(decision: FederationDecision, style: Style): string {
  const { type, cluster, fallback, rule, inputs } = decision
  const head = cluster === null ? `Nobody answers "${type}"` : `${style.paint(cluster, 'strong')} answers "${type}"`
  const then = fallback === null ? 'there is no other to fall back to' : `then ${fallback}, once`
  return [
    `${head} by rule ${rule}: ${reasonOf(decision)}; ${then}.`,
    '',
    table(
      [
        { head: 'CLUSTER' },
        { head: 'STATE' },
        { head: 'HEALTH', align: 'right' },
        { head: 'AI CAPACITY', align: 'right' },
        { head: 'LOAD', align: 'right' },
      ],
      inputs.map(({ name, alive, health, ai_capacity, load }): Cell[] => [
        name,
        alive ? { text: 'alive', colour: 'good' } : { text: 'not alive', colour: 'bad' },
        String(health),
        String(ai_capacity),
        `${Math.round(load * 100)}%`,
      ]),
      style,
    ),
  ].join('\n')
}

const measures = { health: 'health score', ai_capacity: 'AI capacity', load: 'load' } as const

function reasonOf({ because, by, pin, instead }: FederationDecision): string {
  switch (because) {
    case 'pinned':
      return 'it is wanted'
    case 'pinned_dead':
      return `${pin} is wanted, but not alive`
    case 'higher':
      return `its ${measures[by]} is higher`
    case 'tie':
      return `the ${measures[by]} is the same, and it comes first`
    case 'kept':
      return `it answers now, and ${instead} is not better by enough or for long enough`
    case 'under':
      return 'its load is under the limit'
    case 'not_under':
      return 'the load of the preferred one is not under the limit'
    case 'only_alive':
      return 'only it is alive'
    case 'other_dead':
      return 'the other one of the rule is not alive'
    case 'none_alive':
      return 'no cluster is alive'
  }
}
