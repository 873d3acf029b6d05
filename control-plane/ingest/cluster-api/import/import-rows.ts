import { setImmediate as nextTurn } from 'node:timers/promises'
import * as z from 'zod/mini'
import { flatIssues, issueText } from '#shared/config/issue.ts'
import { pathText } from '#shared/config/problem.ts'
import { Failure } from '#shared/failure/failure.ts'
import {
  type ImportEnd,
  ImportRequest,
  type ImportView,
  type KeptRow,
  type KeptTable,
  keptRows,
} from '#shared/protocol/registry-import.ts'
import { readBody } from '../fields.ts'
import { Gathered } from '../gathered.ts'
import type { ClientParts } from '../parts.ts'
import { asRefusal, type FieldProblem, Refusal } from '../refusal.ts'
import type { Reply, Route } from '../route.ts'
import type { ImportHow } from './how.ts'
import { type Claimed, importInstance } from './import-instance.ts'
import { importNode } from './import-node.ts'

/** Where rows are kept that are no registrations; main hands it over. In their order. Rejects with STORE_UNAVAILABLE. */
export type ImportKeeper = <T extends KeptTable>(
  table: T,
  rows: readonly KeptRow<T>[],
  how: Pick<ImportHow, 'overwrite' | 'dryRun'>,
) => Promise<readonly ImportEnd[]>

const readAtOnce = 50

/** Up to 1,000 rows of one table of a former registry. Each is taken, or not, by itself. */
export function importRoute(parts: ClientParts, keep: ImportKeeper, mostBytes: number): Route {
  return {
    methods: ['POST'],
    path: '/cluster/import',
    mostBytes,
    answer: async ({ body }) => await importRows(readBody(ImportRequest, body ?? {}), parts, keep),
  }
}

async function importRows(request: ImportRequest, parts: ClientParts, keep: ImportKeeper): Promise<Reply> {
  const { table, rows, by = 'unknown', dry_run: dryRun, overwrite, nodes: named = {} } = request
  const nodes = new Map(Object.entries(named))
  const how = { overwrite, dryRun, by: `import:${by}`, nodes }
  const ends =
    table === 'service_registry' || table === 'cluster_nodes'
      ? await importRegistrations(table, rows, how, parts)
      : await importKept(table, rows, how, keep)
  const taken = ends.filter(({ outcome }) => outcome === 'taken').length
  if (taken > 0 && !dryRun) {
    parts.log.info({ table, taken, rows: rows.length, overwrite, operator: by }, 'rows of a former registry were taken')
  }
  const view: ImportView = {
    success: true,
    table,
    dry_run: dryRun,
    results: ends.map((end, index) => ({ index, ...end })),
  }
  return { status: 200, body: view }
}

/** What the rows change goes to the disk together. */
async function importRegistrations(
  table: 'service_registry' | 'cluster_nodes',
  rows: ImportRequest['rows'],
  how: ImportHow,
  parts: ClientParts,
): Promise<readonly ImportEnd[]> {
  using gathered = new Gathered(parts.record)
  const held = { ...parts, record: gathered.record }
  const claimed: Claimed = new Map()
  const one = (row: unknown) =>
    table === 'service_registry' ? importInstance(row, how, held, claimed) : importNode(row, how, held)
  const begun: Promise<ImportEnd | { readonly error: unknown }>[] = []
  for (const [index, row] of rows.entries()) {
    if (index % readAtOnce === readAtOnce - 1) await nextTurn()
    // As values: what nobody waits for yet must not be rejected.
    begun.push(one(row).catch((error: unknown) => ({ error })))
  }
  gathered.release()
  const ends = await Promise.all(begun)
  return ends.map((end) => ('error' in end ? refusedBy(end.error, parts) : end))
}

async function importKept<T extends KeptTable>(
  table: T,
  rows: ImportRequest['rows'],
  how: ImportHow,
  keep: ImportKeeper,
): Promise<readonly ImportEnd[]> {
  const ends: ImportEnd[] = []
  const fit: { readonly index: number; readonly row: KeptRow<T> }[] = []
  for (const [index, row] of rows.entries()) {
    if (index % readAtOnce === readAtOnce - 1) await nextTurn()
    const read = z.safeParse(keptRows[table], row)
    if (read.success) fit.push({ index, row: read.data as KeptRow<T> })
    else ends[index] = refused(new Refusal(400, 'the row is not valid', problemsOf(read.error), { remedy: rowRemedy }))
  }
  const kept = await keep(
    table,
    fit.map(({ row }) => row),
    how,
  )
  for (const [place, { index }] of fit.entries()) ends[index] = kept[place] ?? { outcome: 'refused' }
  return ends
}

const rowRemedy = 'Correct the row, and import it again.'

function problemsOf({ issues }: z.core.$ZodError): readonly FieldProblem[] {
  return flatIssues(issues).map((issue) => ({
    field: issue.code === 'unrecognized_keys' ? issue.keys.join(', ') : pathText(issue.path),
    message: issueText(issue),
  }))
}

/** What is wrong with the store is no fault of the row: the whole call fails. A row over which the plane stumbles holds up no other. */
function refusedBy(error: unknown, { log }: ClientParts): ImportEnd {
  if (error instanceof Failure) throw error
  const refusal = asRefusal(error, log, { call: 'import' })
  if (refusal.status > 500) throw refusal
  return refused(refusal)
}

/** Names fields and what was expected of them; never what stood there, which may be secret. */
function refused({ message, problems, remedy }: Refusal): ImportEnd {
  const fields = problems.map((problem) => `${problem.field}: ${problem.message.replace(/, got .*$/s, '')}`)
  return {
    outcome: 'refused',
    reason: [message, ...fields].join('; '),
    remedy: remedy.includes('send it again') ? rowRemedy : remedy,
  }
}
