import type { Examined, Finding } from '../doctor/finding.ts'
import type { Style } from './style.ts'
import { count } from './text.ts'

const colours = { error: 'bad', warning: 'doubtful', ok: 'good' } as const

/** Every finding on a line, the gravest first, and what to do under it. */
export function showExamined({ healthy, findings }: Examined, { paint }: Style): string {
  const lines = findings.flatMap(({ level, check, text, remedy }: Finding) => [
    `${paint(level.padEnd(7), colours[level])} ${check.padEnd(5)}  ${text}`,
    ...(remedy === undefined || level === 'ok' ? [] : [`${' '.repeat(15)}${paint(remedy, 'faint')}`]),
  ])
  const errors = findings.filter(({ level }) => level === 'error').length
  const warnings = findings.filter(({ level }) => level === 'warning').length
  const end = healthy
    ? 'Nothing stands in the way of a start'
    : `${count(errors, 'thing')} must be mended before a start`
  return [...lines, '', warnings > 0 ? `${end}; ${count(warnings, 'thing')} worth a look.` : `${end}.`].join('\n')
}
