import type { DecisionView, DiscoveredView } from '#shared/protocol/discovery.ts'
import { reasonText } from '#shared/protocol/reason.ts'
import { span } from './age.ts'
import type { Colour, Style } from './style.ts'
import { type Cell, type Column, table } from './table.ts'
import { count } from './text.ts'
import { healthCell } from './words.ts'

type Found = DiscoveredView['found'][number]

const columns: readonly Column[] = [
  { head: 'FOUND' },
  { head: 'NODE' },
  { head: 'STATE' },
  { head: 'WHAT' },
  { head: 'SURE' },
  { head: 'WHO' },
  { head: 'HEALTH' },
  { head: 'CHECK' },
  { head: 'WHY' },
]

const stateColours = { adopted: 'good', asking: 'doubtful', ignored: 'faint' } as const
const sureColours: Readonly<Record<Found['confidence'], Colour | undefined>> = {
  certain: 'good',
  likely: 'good',
  possible: 'doubtful',
  unknown: 'faint',
}

/** What was found, a line each, and under it the ports that two claim. */
export function showDiscovered({ found, conflicts, left }: DiscoveredView, style: Style): string {
  const head =
    found.length === 0
      ? 'Nothing waits for a decision.'
      : table(
          columns,
          found.map((each) => row(each)),
          style,
        )
  const claims = conflicts.map(({ address, port, node, node_name: name, claimants }) => {
    return `${style.paint(`Port ${address}:${port} of ${name || node} has ${claimants.length} claimants:`, 'bad')} ${claimants.join('; ')}`
  })
  const more = left > 0 ? [`${count(left, 'more thing')} found, not told.`] : []
  return [head, ...(claims.length > 0 ? ['', ...claims] : []), ...more].join('\n')
}

function row(found: Found): Cell[] {
  const { id, node, node_name: name, state, by, service, cluster, confidence, health, goneMs } = found
  const what = service === undefined ? '-' : cluster === undefined ? service : `${service} (${cluster})`
  const gone = goneMs === undefined ? '' : `, gone for ${span(goneMs)}`
  return [
    id,
    name || node,
    { text: by === 'policy' || by === '' ? state : `${state} (${by})`, colour: stateColours[state] },
    what,
    { text: confidence, colour: sureColours[confidence] },
    who(found),
    healthCell(health),
    found.check,
    `${[...found.remarks, ...found.evidence, ...wrong(found)].join('; ')}${gone}`,
  ]
}

function wrong({ health, reason }: Found): readonly string[] {
  return health === 'critical' || health === 'warning' ? [reasonText(reason)] : []
}

function who({ process, user }: Found): string {
  if (process) return `${process.unit ?? process.name} (pid ${process.pid})`
  return user === undefined ? '-' : `user ${user}`
}

/** What became of a decision. */
export function showDecision({ id, state, instance }: DecisionView): string {
  if (state === 'adopted')
    return `${id} is looked after as ${instance ?? 'an instance'}; its agent has that on its disk.`
  return state === 'ignored'
    ? `${id} is left alone; its agent has that on its disk.`
    : `${id} still waits for a decision.`
}
