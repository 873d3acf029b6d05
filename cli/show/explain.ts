import type { ExplainView } from '#shared/protocol/api.ts'
import type { DiscoveredView } from '#shared/protocol/discovery.ts'
import { age } from './age.ts'
import type { Style } from './style.ts'
import { type Cell, table } from './table.ts'

const marks = {
  yes: { text: 'yes', colour: 'good' },
  no: { text: 'no', colour: 'bad' },
  note: { text: 'note', colour: 'doubtful' },
} as const satisfies Record<string, Cell>

type FoundView = Pick<
  DiscoveredView['found'][number],
  'id' | 'port' | 'node' | 'node_name' | 'state' | 'service' | 'instance'
>

/** What is known of something that is no instance, but that an agent has found. */
export function foundText({ id, port, node, node_name: name, state, service, instance }: FoundView): string {
  const at = `${service ?? 'something'} on port ${port} of ${name || node}`
  switch (state) {
    case 'adopted':
      return `${id} is ${at}: heddle explain ${instance ?? id} says how it is.`
    case 'asking':
      return `${id} is ${at}: found by its agent, and waits for a decision: heddle adopt ${id}, or heddle ignore ${id}.`
    case 'ignored':
      return `${id} is ${at}: found by its agent, and left alone. To have it looked after: heddle adopt ${id}.`
  }
}

/** The answer first, then what it rests on, stage by stage. */
export function showExplain({ answer, stages }: ExplainView, style: Style): string {
  const rows = stages.map(({ stage, state, text, since }) => [
    stage,
    marks[state],
    since === undefined ? '-' : age(since, style.now),
    text,
  ])
  const columns = [{ head: 'STAGE' }, { head: 'FINE' }, { head: 'SINCE', align: 'right' as const }, { head: 'WHAT' }]
  return `${style.paint(answer, 'strong')}\n\n${table(columns, rows, style)}`
}
