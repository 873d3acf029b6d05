import * as z from 'zod/mini'
import { clientIdPattern } from './identity.ts'
import { secretField } from './secret-setting.ts'

/** The part of the API by which the rows of a former registry are taken over: POST /v1/cluster/import. */

export const mostImportedRows = 1_000

const id = () => z.string().check(z.regex(clientIdPattern, 'expected 1 to 100 letters, digits or any of ". _ : @ -"'))

function text(most: number, least = 1) {
  return z.string().check(
    z.minLength(least),
    z.maxLength(most),
    z.refine((value) => value.isWellFormed() && !value.includes('\0'), 'expected text'),
  )
}

/** Any time with a zone becomes ISO 8601 in UTC. */
const time = () =>
  z.pipe(
    z.iso.datetime({ offset: true, error: 'expected a time such as "2026-03-01T10:00:00Z"' }),
    z.transform((value: string) => new Date(value).toISOString()),
  )

const severity = z.enum(['info', 'warning', 'critical'])
/** What is secret is not taken, whoever sends it. */
const notTaken = 'a secret is not taken'
const open = z._default(z.literal(false, notTaken), false)
type Setting = { readonly config_key: string; readonly config_value: string }
const openIn = (field: keyof Setting) =>
  z.refine<Setting>((row) => secretField(row.config_key, row.config_value) !== field, {
    error: notTaken,
    path: [field],
  })
const times = { created_at: z.optional(time()), updated_at: z.optional(time()) }

/** The rows of those tables that nothing but an import writes so far, as they are sent. */
export const keptRows = {
  cluster_configs: z
    .strictObject({
      config_key: text(200),
      config_value: text(65_536, 0),
      config_type: z._default(z.enum(['system', 'service', 'user']), 'system'),
      description: z._default(text(2_000, 0), ''),
      is_encrypted: open,
      ...times,
    })
    .check(openIn('config_key'), openIn('config_value')),
  service_configs: z
    .strictObject({
      service_id: id(),
      config_key: text(200),
      config_value: text(65_536, 0),
      config_type: z._default(z.enum(['runtime', 'deployment', 'feature']), 'runtime'),
      is_encrypted: open,
      ...times,
    })
    .check(openIn('config_key'), openIn('config_value')),
  alert_rules: z.strictObject({
    rule_name: text(200),
    service_type: z._default(z.nullable(text(100)), null),
    metric_name: text(200),
    threshold_value: z.number(),
    comparison_operator: z.enum(['>', '<', '>=', '<=', '==']),
    severity,
    enabled: z._default(z.boolean(), true),
    ...times,
  }),
  alert_records: z.strictObject({
    /** The rule by its name: numbers differ between registries. */
    rule_name: text(200),
    service_id: id(),
    alert_level: severity,
    message: text(10_000, 0),
    resolved: z._default(z.boolean(), false),
    resolved_at: z._default(z.nullable(time()), null),
    created_at: time(),
  }),
  cluster_users: z.strictObject({
    user_id: text(200),
    username: text(200),
    email: z._default(z.nullable(text(320)), null),
    role: z.enum(['admin', 'operator', 'viewer']),
    permissions: z._default(z.array(text(200)), []),
    /** Nobody can be one of them before someone enrols them. */
    status: z._default(z.enum(['inactive', 'suspended']), 'inactive'),
    ...times,
  }),
  service_metrics: z.strictObject({
    service_id: id(),
    metric_name: text(200),
    metric_value: z.number(),
    metric_unit: z.enum(['percent', 'ms', 'count', 'bytes']),
    tags: z._default(z.record(z.string(), z.unknown()), {}),
    timestamp: time(),
  }),
} as const

export type KeptTable = keyof typeof keptRows
export type KeptRow<T extends KeptTable = KeptTable> = z.output<(typeof keptRows)[T]>

export const keptTables = Object.keys(keptRows) as readonly KeptTable[]

/** Every table of which rows can be sent. Those of the first two become registrations. */
export const importedTables = ['service_registry', 'cluster_nodes', ...keptTables] as const
export type ImportedTable = (typeof importedTables)[number]

export const ImportRequest = z.strictObject({
  table: z.enum([...importedTables]),
  rows: z.array(z.record(z.string(), z.unknown())).check(z.maxLength(mostImportedRows)),
  /** Where nodes are by the same file, for instances that name no address of their own. */
  nodes: z.optional(z.record(z.string(), z.string().check(z.maxLength(253)))),
  /** Who has it done. */
  by: z.optional(z.string().check(z.minLength(1), z.maxLength(100))),
  /** Says what would happen, and changes nothing. */
  dry_run: z._default(z.boolean(), false),
  /** What is there and differs is replaced where that can be done safely. */
  overwrite: z._default(z.boolean(), false),
})
export type ImportRequest = z.output<typeof ImportRequest>

/**
 * taken: it is there now · there: it was there already, the same · kept: something else is there, and stays · refused: it can not be
 * taken
 */
export const importOutcomes = ['taken', 'there', 'kept', 'refused'] as const
export const ImportResult = z.object({
  index: z.int(),
  outcome: z.enum(importOutcomes),
  /** Why not, or what is to be known of it. */
  reason: z.optional(z.string()),
  remedy: z.optional(z.string()),
})
export type ImportResult = z.output<typeof ImportResult>
/** How it ended for one row. */
export type ImportEnd = Omit<ImportResult, 'index'>

export const ImportView = z.object({
  success: z.boolean(),
  table: z.string(),
  dry_run: z.boolean(),
  results: z.array(ImportResult),
})
export type ImportView = z.output<typeof ImportView>
