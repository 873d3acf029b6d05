import type { ExplainView } from '#shared/protocol/api.ts'
import { age } from './age.ts'
import type { Style } from './style.ts'
import { type Cell, table } from './table.ts'

const marks = {
  yes: { text: 'yes', colour: 'good' },
  no: { text: 'no', colour: 'bad' },
  note: { text: 'note', colour: 'doubtful' },
} as const satisfies Record<string, Cell>

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
