import { checkNames, type Examined, type Finding } from '../doctor/finding.ts'
import type { Style } from './style.ts'
import { count } from './text.ts'

const colours = { error: 'bad', warning: 'doubtful', ok: 'good' } as const

/** In groups, the gravest first within each, and what to do under it. */
export function showExamined({ healthy, findings }: Examined, { paint }: Style): string {
  const lines = checkNames.flatMap((check) => {
    const found = findings.filter((finding) => finding.check === check)
    return found.length === 0 ? [] : ['', paint(check, 'strong'), ...found.flatMap((one) => linesOf(one, paint))]
  })
  const of = (level: Finding['level']) => findings.filter((finding) => finding.level === level).length
  const end = healthy
    ? 'Nothing stands in the way of a start'
    : `${count(of('error'), 'thing')} must be mended before a start`
  const warnings = of('warning')
  return [...lines.slice(1), '', warnings > 0 ? `${end}; ${count(warnings, 'thing')} worth a look.` : `${end}.`].join(
    '\n',
  )
}

function linesOf({ level, text, remedy }: Finding, paint: Style['paint']): readonly string[] {
  const line = `  ${paint(level.padEnd(7), colours[level])}  ${text}`
  return remedy === undefined || level === 'ok' ? [line] : [line, `           ${paint(`→ ${remedy}`, 'faint')}`]
}
