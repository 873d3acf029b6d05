import type { AuditRowView, AuditView } from '#shared/audit/api.ts'
import type { AuditFault, Verified } from '#shared/audit/verify.ts'
import type { Style } from './style.ts'
import { type Cell, table } from './table.ts'

const heads = ['ROW', 'AT', 'CALLER', 'FROM', 'OPERATION', 'SUBJECT', 'WHY'].map((head) => ({ head }))

export function showAudit({ rows, dropped }: AuditView, style: Style): string {
  if (rows.length === 0) return 'The audit has no such row.'
  const cells = rows.map(({ seq, at, caller, from, operation, subject, why }): Cell[] => [
    String(seq),
    at,
    caller,
    from || '-',
    operation,
    subject,
    why || '-',
  ])
  const changes = rows.flatMap((row) => changeOf(row))
  const gone = dropped.seq === 0 ? '' : `\n\nRows up to ${dropped.seq} are no longer kept.`
  const told = changes.length === 0 ? '' : `\n\n${style.paint('Changes', 'strong')}\n${changes.join('\n')}`
  return `${table(heads, cells, style)}${told}${gone}`
}

function changeOf({ seq, before, after }: AuditRowView): readonly string[] {
  if (before === '' && after === '') return []
  return [
    `  ${seq}  ${[before === '' ? '' : `was ${before}`, after === '' ? '' : `became ${after}`].filter(Boolean).join('; ')}`,
  ]
}

const faults: Readonly<Record<AuditFault['kind'], string>> = {
  changed: 'is not as it was written',
  missing: 'does not follow the row before it: rows were taken out, put in or moved',
  end: 'should be the newest one, and is not',
  head: 'has another hash than was signed when it was written',
  beyond: 'was signed, and is not there: the audit has gone back',
  signature: 'is named by a head that is not signed, or not by the key that may',
}

export function showVerifiedAudit({ rows, head, heads, faults: found }: Verified, style: Style): string {
  const about = `${rows} rows up to ${head.seq}; ${heads.agree} signed heads agree, ${heads.dropped} are of rows that are no longer kept.`
  if (found.length === 0) return `${style.paint('As it was written', 'good')}: ${about}`
  const lines = found.slice(0, 20).map(({ kind, seq }) => `  row ${seq} ${faults[kind]}`)
  const more = found.length > 20 ? [`  and ${found.length - 20} more`] : []
  return [`${style.paint('AUDIT_BROKEN', 'bad')}: ${about}`, ...lines, ...more].join('\n')
}
