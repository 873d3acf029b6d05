import type { DriftView } from '#shared/protocol/drift.ts'
import type { Style } from './style.ts'
import { count } from './text.ts'

type SinkDrift = DriftView['sinks'][number]

const signs = { missing: '-', changed: '~', added: '+' } as const

/** Each sink with what it shows otherwise than it should: `-` missing, `~` changed, `+` added. */
export function showDrift({ sinks, revision }: DriftView, style: Style): string {
  if (sinks.length === 0) return 'No sink follows the fleet.'
  const drifted = sinks.filter(({ state }) => state === 'drifted').length
  const end =
    drifted === 0
      ? `Revision ${revision}: nothing differs${sinks.some(({ state }) => state === 'unknown') ? ', as far as it could be seen' : ''}.`
      : `${count(drifted, 'sink')} of ${sinks.length} ${drifted === 1 ? 'differs' : 'differ'}; heddle drift --repair has them set right.`
  return [...sinks.map((sink) => showSink(sink, style)), '', end].join('\n')
}

function showSink({ name, state, mode, differences, more, remarks }: SinkDrift, { paint }: Style): string {
  const colour = state === 'equal' ? 'good' : state === 'drifted' ? 'bad' : 'doubtful'
  return [
    `${paint(name, 'strong')}: ${paint(state, colour)}${mode === 'observe' ? ' (only observed: reported, not repaired)' : ''}`,
    ...differences.map(({ kind, what, at }) => `  ${signs[kind]} ${what} on ${at} (${kind})`),
    ...(more > 0 ? [`  and ${more} more`] : []),
    ...remarks.map((remark) => `  ${remark}`),
  ].join('\n')
}
