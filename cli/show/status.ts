import type { SinkView, StatusView } from '#shared/protocol/status-api.ts'
import { age, until } from './age.ts'
import { alertLines } from './alerts.ts'
import { replicaTable } from './replicas.ts'
import { underWayLines } from './splits.ts'
import type { Style } from './style.ts'
import { type Cell, type Column, table } from './table.ts'
import { count, list } from './text.ts'
import { sinkStateCell } from './words.ts'

type ForeignView = NonNullable<StatusView['foreign']>[number]

/**
 * What the fleet is, what each sink has proven, and what waits for a person.
 * @param waiting how much of what agents found waits for a decision
 */
export function showStatus(status: StatusView, { paint, now }: Style, waiting = 0): string {
  const style = { paint, now: status.past?.at ? Date.parse(status.past.at) : now }
  const remarks = status.sinks.flatMap(({ name, remarks }) => remarks.map((remark) => `${name}: ${remark}`))
  return [
    [headLine(status, style), ...warnings(status, style)].join('\n'),
    [nodesLine(status), instancesLine(status), ...(waiting > 0 ? [foundLine(waiting)] : [])].join('\n'),
    status.past
      ? 'What sinks showed then is not in the journal.'
      : status.sinks.length === 0
        ? 'No sink follows the fleet.'
        : sinkTable(status, style),
    replicaTable(status, style),
    underwayLines(status, style),
    section('Splits', underWayLines(status.splits ?? [], style), style),
    section('Converged within', convergenceLines(status.sinks), style),
    section('Foreign', (status.foreign ?? []).filter(matters).map(foreignLine), style),
    section('Remarks', remarks, style),
    section('Alerts', alertLines(status.alerts ?? [], style), style),
    section('Problems', status.problems, style),
  ]
    .filter((part) => part !== '')
    .join('\n\n')
}

function headLine(view: StatusView, { paint, now }: Style): string {
  const { owner, installation, version, revision, started_at, past } = view
  const name = paint(`Heddle ${installation}`, 'strong')
  if (past)
    return `${name} (owner ${owner}) as it was ${past.at === null ? '' : `at ${past.at}, `}at revision ${past.revision}`
  return `${name} (owner ${owner}, version ${version}): revision ${revision}, up ${age(started_at, now)}`
}

function warnings({ complete, frozen, holds }: StatusView, { paint, now }: Style): readonly string[] {
  return [
    ...(complete ? [] : [paint('Not complete yet: the stored fleet is being loaded.', 'doubtful')]),
    ...(frozen
      ? [
          paint(
            `Frozen by ${frozen.by} for ${age(frozen.since, now)}: ${frozen.reason || 'no reason given'}`,
            'doubtful',
          ),
        ]
      : []),
    ...holds.map((hold) => paint(holdLine(hold, now), 'doubtful')),
  ]
}

function holdLine(
  { site, machines, lost, until: end, services = [] }: StatusView['holds'][number],
  now: number,
): string {
  const named = lost !== undefined && lost > machines.length ? `${lost} machines` : list(machines, 4)
  const held = services.map(({ service, held, of }) => `${held} of ${of} ${service}`)
  const of = held.length === 0 ? '' : `, with ${list(held, 4)}`
  return `Held: site ${site} lost ${named}${of}; ends in ${until(end, now)}`
}

function nodesLine({ nodes }: StatusView): string {
  return `Nodes      ${tally(nodes.total, [
    [nodes.connected, 'connected'],
    [nodes.suspect, 'suspect'],
    [nodes.lost, 'lost'],
    [nodes.none, 'without agent'],
  ])}`
}

function instancesLine({ instances }: StatusView): string {
  const routing = tally(instances.total, [
    [instances.routable, 'routable'],
    [instances.last, 'last resort'],
    [instances.not_routable, 'not routable'],
  ])
  const health = parts([
    [instances.passing, 'passing'],
    [instances.warning, 'warning'],
    [instances.critical, 'critical'],
    [instances.unknown, 'unknown'],
  ])
  return `Instances  ${routing}${health === '' ? '' : ` | ${health}`}`
}

function foundLine(waiting: number): string {
  return `Found      ${waiting} that nobody declared ${waiting === 1 ? 'waits' : 'wait'} for a decision: heddle discovered`
}

function tally(total: number, counts: readonly (readonly [number, string])[]): string {
  const rest = parts(counts)
  return rest === '' ? String(total) : `${total}: ${rest}`
}

function parts(counts: readonly (readonly [number, string])[]): string {
  return counts
    .filter(([number]) => number > 0)
    .map(([number, word]) => `${number} ${word}`)
    .join(', ')
}

const columns: readonly Column[] = [
  { head: 'SINK' },
  { head: 'MODE' },
  { head: 'STATE' },
  { head: 'PROVEN', align: 'right' },
  { head: 'MISSING', align: 'right' },
  { head: 'SINCE', align: 'right' },
]

function sinkTable({ sinks, revision }: StatusView, style: Style): string {
  return table(
    columns,
    sinks.map((sink) => sinkRow(sink, revision, style.now)),
    style,
  )
}

function sinkRow({ name, mode, state, proven }: SinkView, revision: number, now: number): Cell[] {
  if (proven === null) return [name, mode, sinkStateCell(state), 'nothing', '-', '-']
  const missing = Math.max(0, revision - proven.revision)
  return [name, mode, sinkStateCell(state), String(proven.revision), String(missing), age(proven.at, now)]
}

/** A version of the routing that is on its way, and what its stage waits for. */
function underwayLines({ underway }: StatusView, { paint, now }: Style): string {
  if (!underway) return ''
  const { number, author, comment, stage, stages, name, reached, gateways, since, waiting_for } = underway
  const head = `Version ${number} of ${author} is on its way: stage ${stage} of ${stages} (${name}) for ${age(since, now)}, at ${reached.length} of ${count(gateways, 'gateway')}`
  return [
    paint(`${head}${comment === '' ? '' : `: ${comment}`}`, 'strong'),
    ...waiting_for.map((text) => `  waits: ${text}`),
  ].join('\n')
}

/** How long changes took until each sink had proven them, within the last hour. */
function convergenceLines(sinks: readonly SinkView[]): readonly string[] {
  return sinks.flatMap(({ name, convergence }) => {
    const lines = Object.entries(convergence ?? {}).flatMap(([of, known]) => {
      const waits = known && known.waiting > 0 ? `${count(known.waiting, 'change')} of the ${of} not proven yet` : ''
      if (!known?.hour) return waits === '' ? [] : [`${name}: ${waits}`]
      const { changes, p50_ms, p95_ms, p99_ms } = known.hour
      const times = [p50_ms, p95_ms, p99_ms].map(shortTime)
      const took = `${name}: P50 ${times[0]}, P95 ${times[1]}, P99 ${times[2]} (${count(changes, 'change')} of the ${of} in the last hour)`
      return waits === '' ? took : `${took}; ${waits}`
    })
    return lines
  })
}

function shortTime(ms: number): string {
  return ms < 1_000 ? `${Number(ms.toPrecision(2))} ms` : `${Number((ms / 1_000).toPrecision(2))} s`
}

/** A datacenter that is read and holds nothing of others needs no line. */
function matters({ instances, beyond, error }: ForeignView): boolean {
  return instances > 0 || beyond > 0 || error !== null
}

/** What others have registered in one datacenter. */
function foreignLine({ datacenter, answered, error, instances, beyond, copied_to }: ForeignView): string {
  const parts = [
    `${count(instances, 'instance')} registered by others`,
    ...(beyond > 0 ? [`${beyond} more than are kept`] : []),
    ...(copied_to.length > 0 ? [`copied to ${list(copied_to)} where policy selects them`] : []),
    ...(answered || error !== null ? [] : ['as last known, not read yet']),
    ...(error === null ? [] : [`${answered ? 'as last read' : 'as last known'}: ${error}`]),
  ]
  return `${datacenter}: ${parts.join('; ')}`
}

function section(head: string, lines: readonly string[], { paint }: Style): string {
  return lines.length === 0 ? '' : [paint(head, 'strong'), ...lines.map((line) => `  ${line}`)].join('\n')
}
