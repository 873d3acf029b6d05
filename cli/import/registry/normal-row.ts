import type { ImportedTable } from '#shared/protocol/registry-import.ts'
import { secretField } from '#shared/protocol/secret-setting.ts'
import { aliases, type Column, tables } from './columns.ts'
import type { RawRow, RawValue } from './raw-row.ts'

export type NormalRow = {
  readonly kind: 'row'
  readonly table: ImportedTable
  readonly key: string
  readonly line: number
  /** As it is sent. */
  readonly body: Readonly<Record<string, unknown>>
}

export type RefusedRow = {
  readonly kind: 'refused'
  readonly key: string
  readonly line: number
  readonly reason: string
  readonly remedy: string
}

export type Reading = {
  /** Minutes that a time without a zone is ahead of UTC. */
  readonly zoneMinutes: number
  /** The names of rules by their numbers in the file. */
  readonly rules: ReadonlyMap<string, string>
}

const correct = 'Correct the row, and import it again.'

/**
 * Which table rows of this name are; undefined: none that is known. A database has tables of its application, too: only the very names
 * count there, and no guess.
 */
export function tableOf({ form, table, values }: RawRow): ImportedTable | undefined {
  const name = table.toLowerCase()
  if (Object.hasOwn(tables, name)) return name as ImportedTable
  if (form === 'sql') return undefined
  if (Object.hasOwn(aliases, name)) return aliases[name]
  if (!['', 'data', 'items', 'list', 'result', 'results', 'rows'].includes(name)) return undefined
  // An answer that is only a list says by its rows what they are.
  const has = (...columns: readonly string[]) => columns.some((column) => values.has(column))
  if (has('service_name', 'service_id', 'service_url', 'instance_id', 'Service', 'Name', 'endpoint')) {
    return has('metric_name') ? 'service_metrics' : 'service_registry'
  }
  if (has('node_id', 'node_name', 'host_address')) return 'cluster_nodes'
  return has('name') && has('port') ? 'service_registry' : undefined
}

/** Columns that are not read, of those that a row has. */
export function unknownColumns(table: ImportedTable, { values }: RawRow): readonly string[] {
  const { columns, anew, shapes = [] } = tables[table]
  return values
    .keys()
    .filter((name) => !Object.hasOwn(columns, name) && !anew.includes(name) && !shapes.includes(name))
    .toArray()
}

/** A row as it is sent to the plane, or why it is not. What is secret is in neither. */
export function normalRow(table: ImportedTable, row: RawRow, reading: Reading): NormalRow | RefusedRow {
  const { line, values } = row
  const key = keyOf(table, values)
  const refused = (reason: string, remedy = correct): RefusedRow => ({ kind: 'refused', key, line, reason, remedy })
  if (isSecret(table, values)) return refused('it is a secret, which is never taken', secretRemedy)
  const { columns, shapes = [] } = tables[table]
  const body: Record<string, unknown> = {}
  for (const [name, raw] of values) {
    if (raw === undefined || (raw === null && table !== 'alert_rules')) continue
    const column = Object.hasOwn(columns, name) ? columns[name] : undefined
    if (!column) {
      if (shapes.includes(name)) body[name] = raw
      continue
    }
    const read = readAs(column, raw, row.utc?.has(name) ? 0 : reading.zoneMinutes)
    if ('wrong' in read) return refused(`${name}: ${read.wrong}`)
    if (read.value !== undefined) body[column.as ?? name] = read.value
  }
  const why = finish(table, body, values, reading)
  return why === undefined ? { kind: 'row', table, key, line, body } : refused(why)
}

const secretRemedy = 'Give it to the service that needs it, from where secrets are kept; Heddle needs none of them.'

function isSecret(table: ImportedTable, values: RawRow['values']): boolean {
  if (table !== 'cluster_configs' && table !== 'service_configs') return false
  const encrypted = values.get('is_encrypted')
  const textOf = (name: string) => plainText(values.get(name) ?? '')
  const { value } = encrypted === undefined || encrypted === null ? { value: false } : flagOf(encrypted)
  return value !== false || secretField(textOf('config_key'), textOf('config_value')) !== undefined
}

/** What a table needs besides its columns one by one; says what is wrong. */
function finish(
  table: ImportedTable,
  body: Record<string, unknown>,
  values: RawRow['values'],
  { rules }: Reading,
): string | undefined {
  switch (table) {
    case 'service_registry':
      // The column `id` of the table is a number; in other shapes it is who it is.
      if (typeof body.id === 'number' || ('service_id' in body && 'id' in body)) delete body.id
      // A row without its URL is told by address and port.
      if ('service_id' in body && !('service_url' in body) && 'port' in body) {
        body.instance_id = body.service_id
        delete body.service_id
      }
      return undefined
    case 'cluster_nodes':
      if (!('node_id' in body) && typeof values.get('id') === 'string') body.node_id = values.get('id')
      return undefined
    case 'service_metrics': {
      const unit = unitOf(body.metric_unit, String(body.metric_name ?? ''))
      if (unit === undefined) return 'metric_unit: expected percent, ms, count or bytes'
      body.metric_unit = unit
      return undefined
    }
    case 'alert_rules':
      body.comparison_operator = ownOf(operators, String(body.comparison_operator)) ?? body.comparison_operator
      return undefined
    case 'alert_records': {
      const rule = values.get('rule_id')
      if (body.rule_name !== undefined || rule === undefined || rule === null) return undefined
      const name = rules.get(String(rule))
      if (name === undefined) return 'rule_id: the file has no such rule'
      body.rule_name = name
      return undefined
    }
    case 'cluster_users':
      body.status = body.status === 'suspended' ? 'suspended' : 'inactive'
      // An empty list of PostgreSQL.
      if (JSON.stringify(body.permissions) === '{}') body.permissions = []
      return undefined
    case 'cluster_configs':
    case 'service_configs':
      return undefined
  }
}

/** What a file names may be called like something that every object has. */
function ownOf<V>(words: Readonly<Record<string, V>>, word: string): V | undefined {
  return Object.hasOwn(words, word) ? words[word] : undefined
}

const operators: Readonly<Record<string, string>> = { '=': '==', gt: '>', lt: '<', gte: '>=', lte: '<=', eq: '==' }
const units: Readonly<Record<string, string>> = {
  '%': 'percent',
  pct: 'percent',
  percentage: 'percent',
  millisecond: 'ms',
  milliseconds: 'ms',
  byte: 'bytes',
  b: 'bytes',
  number: 'count',
}

/** As the registry's API reads it: without a unit it is percent if the name says usage, else a count. */
function unitOf(unit: unknown, name: string): string | undefined {
  if (unit === undefined || unit === '') return name.includes('usage') ? 'percent' : 'count'
  const word = String(unit).toLowerCase()
  if (['percent', 'ms', 'count', 'bytes'].includes(word)) return word
  return ownOf(units, word)
}

/** What a row is called: never by what may be secret. */
function keyOf(table: ImportedTable, values: RawRow['values']): string {
  for (const columns of tables[table].key) {
    const parts = columns.map((column) => values.get(column))
    if (parts.every((part) => typeof part === 'string' || typeof part === 'number'))
      return parts.join(' ').slice(0, 200)
  }
  return ''
}

type Read = { readonly value: unknown } | { readonly wrong: string }

function readAs({ read }: Column, raw: RawValue, zoneMinutes: number): Read {
  switch (read) {
    case 'any':
      return { value: raw }
    case 'text':
      if (raw === null) return { value: null }
      return { value: plainText(raw) }
    case 'flag':
      return flagOf(raw)
    case 'number':
      return numberOf(raw)
    case 'json':
      return jsonOf(raw)
    case 'time':
      return timeOf(raw, zoneMinutes)
  }
}

function plainText(raw: RawValue): string {
  return typeof raw === 'object' ? JSON.stringify(raw) : String(raw)
}

const flags: Readonly<Record<string, boolean>> = {
  ...{ t: true, true: true, '1': true, y: true, yes: true, on: true, '\x01': true },
  ...{ f: false, false: false, '0': false, n: false, no: false, off: false, '\0': false, '': false },
}

function flagOf(raw: RawValue): { readonly value: boolean } | { readonly wrong: string; readonly value?: undefined } {
  const value = ownOf(flags, String(raw).toLowerCase())
  return value === undefined ? { wrong: 'expected true or false' } : { value }
}

function numberOf(raw: RawValue): Read {
  const number = typeof raw === 'string' && raw.trim() !== '' ? Number(raw) : raw
  return typeof number === 'number' && Number.isFinite(number) ? { value: number } : { wrong: 'expected a number' }
}

/** JSON, as a value or as its text; other text is a list joined by commas. */
function jsonOf(raw: RawValue): Read {
  if (typeof raw !== 'string') return { value: raw }
  const text = raw.trim()
  if (text === '' || text === 'null') return { value: undefined }
  if (!/^[[{]/.test(text)) return { value: text.split(/[,，]/).map((part) => part.trim()) }
  try {
    return { value: JSON.parse(text) }
  } catch {
    const list = postgresqlList(text)
    return list ? { value: list } : { wrong: 'expected JSON' }
  }
}

/** `{a,"b c"}`: a list as PostgreSQL writes it. */
function postgresqlList(text: string): readonly string[] | undefined {
  if (!/^\{(?:"(?:[^"\\]|\\.)*"|[^"{},\\])+(?:,(?:"(?:[^"\\]|\\.)*"|[^"{},\\])+)*\}$/.test(text)) return undefined
  const parts = text.slice(1, -1).match(/"(?:[^"\\]|\\.)*"|[^",]+/g) ?? []
  return parts.map((part) => (part.startsWith('"') ? part.slice(1, -1).replace(/\\(.)/g, '$1') : part))
}

const timePattern =
  /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2})?)(?:[.,](\d{1,9}))?\s*(Z|UTC|[+-]\d{2}(?::?\d{2})?(?::\d{2})?)?)?$/i

/** ISO 8601, what the databases write, or seconds or milliseconds since 1970. */
function timeOf(raw: RawValue, zoneMinutes: number): Read {
  const wrong = { wrong: 'expected a time such as "2026-03-01T10:00:00Z"' }
  if (raw === null) return { value: undefined }
  if (typeof raw === 'number' || (typeof raw === 'string' && /^\d{9,13}(\.\d+)?$/.test(raw))) {
    const number = Number(raw)
    return isoOf(number < 1e11 ? number * 1000 : number) ?? wrong
  }
  const text = String(raw)
  // MySQL's way to say nothing.
  if (text === '' || text.startsWith('0000-00-00')) return { value: undefined }
  const [, day, clock = '00:00', fraction = '0', zone] = timePattern.exec(text) ?? []
  if (day === undefined) return wrong
  const at = Date.parse(`${day}T${clock}${clock.length === 5 ? ':00' : ''}.${fraction.padEnd(3, '0').slice(0, 3)}Z`)
  // A day that no month has is none: Date would take the next one.
  if (Number.isNaN(at) || new Date(at).getUTCDate() !== Number(day.slice(8))) return wrong
  return isoOf(at - (zone === undefined ? zoneMinutes : minutesOf(zone)) * 60_000) ?? wrong
}

function isoOf(at: number): Read | undefined {
  return Number.isFinite(at) && Math.abs(at) < 8.64e15 ? { value: new Date(Math.round(at)).toISOString() } : undefined
}

/** `+08:00`, `+08`, `Z` */
export function minutesOf(zone: string): number {
  const [, sign, hours = '0', minutes = '0'] = /^([+-])(\d{2}):?(\d{2})?/.exec(zone) ?? []
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes))
}
