import type { Transaction } from 'kysely'
import type { ImportEnd, KeptRow } from '#shared/protocol/registry-import.ts'
import type { Schema } from '../schema.ts'
import { decideImport } from './decisions.ts'
import { type ImportWish, timesOf } from './wish.ts'

/** Rules are known by their names. */
export async function importRules(
  transaction: Transaction<Schema>,
  { rows, overwrite, dryRun, now }: ImportWish<'alert_rules'>,
): Promise<readonly ImportEnd[]> {
  const columns = [
    'service_type',
    'metric_name',
    'threshold_value',
    'comparison_operator',
    'severity',
    'enabled',
  ] as const
  type Content = { readonly [C in (typeof columns)[number]]: unknown }
  // SQLite gives 0 and 1 back.
  const contentOf = (row: Content) =>
    JSON.stringify([...columns.slice(0, -1).map((column) => row[column]), Boolean(row.enabled)])
  const present = await transaction
    .selectFrom('alert_rules')
    .select(['rule_name', ...columns])
    .where('rule_name', 'in', [...rows.map((row) => row.rule_name), ''])
    .execute()
  const known = new Map(present.map((row) => [row.rule_name, contentOf(row)]))
  const { ends, added, changed } = decideImport(rows, { known, keyOf: (row) => row.rule_name, contentOf, overwrite })
  if (dryRun) return ends
  if (added.length > 0) {
    await transaction
      .insertInto('alert_rules')
      .values(added.map((row) => ({ ...row, ...timesOf(row, now) })))
      .execute()
  }
  for (const { rule_name, created_at: _, updated_at: __, ...content } of changed) {
    await transaction
      .updateTable('alert_rules')
      .set({ ...content, updated_at: now })
      .where('rule_name', '=', rule_name)
      .execute()
  }
  return ends
}

type RecordRow = KeptRow<'alert_records'> & { readonly rule_id: number }

/** A record is known by its rule, its instance, its moment and its words. */
export async function importRecords(
  transaction: Transaction<Schema>,
  { rows, overwrite, dryRun }: ImportWish<'alert_records'>,
): Promise<readonly ImportEnd[]> {
  const names = [...new Set(rows.map((row) => row.rule_name)), '']
  const rules = await transaction
    .selectFrom('alert_rules')
    .select(['id', 'rule_name'])
    .where('rule_name', 'in', names)
    .execute()
  // A dry run has not taken the rules of the same file: a number that no rule has stands for them.
  const numbers = new Map(rules.map(({ id, rule_name: name }) => [name, Number(id)]))
  const numbered = rows.map((row) => {
    const rule = numbers.get(row.rule_name) ?? (dryRun ? 0 : undefined)
    return rule === undefined ? undefined : { ...row, rule_id: rule }
  })
  const fit = numbered.filter((row): row is RecordRow => row !== undefined)
  const keyOf = (
    row: Omit<RecordRow, 'rule_name' | 'alert_level' | 'resolved' | 'resolved_at'> & { alert_level: string },
  ) => JSON.stringify([Number(row.rule_id), row.service_id, row.created_at, row.alert_level, row.message])
  const contentOf = (row: { readonly resolved: unknown; readonly resolved_at: string | null }) =>
    JSON.stringify([Boolean(row.resolved), row.resolved_at])
  const present = await transaction
    .selectFrom('alert_records')
    .select(['rule_id', 'service_id', 'alert_level', 'message', 'resolved', 'resolved_at', 'created_at'])
    .where('created_at', 'in', [...new Set(fit.map((row) => row.created_at)), ''])
    .execute()
  const known = new Map(present.map((row) => [keyOf(row), contentOf(row)]))
  const { ends, added, changed } = decideImport(fit, { known, keyOf, contentOf, overwrite })
  const all = endsOf(numbered, ends)
  if (dryRun) return all
  if (added.length > 0) {
    await transaction
      .insertInto('alert_records')
      .values(added.map(({ rule_name: _, ...row }) => row))
      .execute()
  }
  for (const { rule_id, service_id, created_at, alert_level, message, resolved, resolved_at } of changed) {
    await transaction
      .updateTable('alert_records')
      .set({ resolved, resolved_at })
      .where('rule_id', '=', rule_id)
      .where('service_id', '=', service_id)
      .where('created_at', '=', created_at)
      .where('alert_level', '=', alert_level)
      .where('message', '=', message)
      .execute()
  }
  return all
}

function endsOf(rows: readonly (RecordRow | undefined)[], ends: readonly ImportEnd[]): readonly ImportEnd[] {
  const rest = ends.values()
  return rows.map((row) => (row ? (rest.next().value ?? unknownRule) : unknownRule))
}

const unknownRule: ImportEnd = {
  outcome: 'refused',
  reason: 'its rule is not known',
  remedy: 'Import the rule first; where it was kept back, its remedy says what to do.',
}
