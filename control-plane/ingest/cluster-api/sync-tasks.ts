import { randomUUID } from 'node:crypto'
import * as z from 'zod/mini'
import { withoutSecrets } from '#shared/protocol/without-secrets.ts'
import type { SyncTask, SyncTaskFilter, SyncTaskTaken, SyncTaskView } from '../../fleet/sync-task.ts'
import { clientId, maybe, readBody } from './fields.ts'
import { timeOf } from './measurements.ts'
import { queryObject, queryText, whole } from './paging.ts'
import { Refusal } from './refusal.ts'
import type { Reply, Route } from './route.ts'
import { isoTime } from './row.ts'

/** Where tasks are kept; main hands it over. Rejects with STORE_UNAVAILABLE. */
export type SyncTaskKeeper = {
  readonly add: (task: SyncTask) => Promise<SyncTaskTaken>
  readonly get: (id: string) => Promise<SyncTaskView | undefined>
  /** Newest first. */
  readonly list: (filter: SyncTaskFilter) => Promise<readonly SyncTaskView[]>
}

const dataTypes: ReadonlyMap<string, string> = new Map([
  ['user', 'user'],
  ['users', 'user'],
  ['config', 'config'],
  ['configuration', 'config'],
  ['state', 'state'],
  ['business', 'business'],
])
const typeError = 'expected user, config, state or business'

const priorities: Readonly<Record<string, number>> = { low: 2, normal: 5, medium: 5, high: 8, critical: 10, urgent: 10 }
const priorityError = 'expected a whole number from 0 to 10, or low, normal, high'
const Priority = z.pipe(
  z.union([z.int().check(z.gte(0), z.lte(10)), z.enum(Object.keys(priorities))], { error: priorityError }),
  z.transform((said: number | string) => (typeof said === 'number' ? said : (priorities[said] ?? 5))),
)

const Body = z.object({
  task_id: maybe(clientId()),
  source_node: maybe(clientId()),
  node_id: maybe(clientId()),
  target_nodes: maybe(z.array(clientId()).check(z.maxLength(1_000))),
  data_type: maybe(z.string()),
  data: z.optional(z.unknown()),
  priority: maybe(Priority),
  timestamp: z.optional(z.unknown()),
})

type Named = { readonly source?: string | undefined; readonly dataType?: string | undefined }

/** The calls by which data are handed over and asked after. Nothing is distributed yet: a task that is kept stays pending. */
export function syncRoutes(keeper: SyncTaskKeeper): readonly Route[] {
  const take = async (body: unknown, named: Named): Promise<Reply> => {
    const task = readTask(body, named, Date.now())
    switch (await keeper.add(task)) {
      case 'added':
      case 'there': {
        const kept = await keeper.get(task.id)
        return { status: 202, body: { success: true, ...(kept && taskRow(kept)) } }
      }
      case 'differs':
        throw new Refusal(409, `another task is called ${task.id}`, [{ field: 'task_id', message: 'is in use' }], {
          remedy: 'Leave task_id out, or choose another one.',
        })
      case 'full':
        throw new Refusal(503, 'no more data can be kept: too much is pending', [], {
          remedy: 'Hand it over again later; nothing of it was kept.',
          headers: { 'retry-after': '60' },
        })
    }
  }
  return [
    { methods: ['POST'], path: '/cluster/nodes/sync', answer: ({ body }) => take(body, {}) },
    { methods: ['GET'], path: '/cluster/nodes/sync', answer: ({ query }) => list(keeper, query, undefined) },
    ...['user', 'users', 'config'].map((dataType) => ({
      methods: ['POST'],
      path: `/cluster/nodes/sync/${dataType}`,
      answer: ({ body }: { body: unknown }) => take(body, { dataType }),
    })),
    {
      methods: ['GET'],
      path: '/cluster/nodes/sync/:task',
      versioned: true,
      answer: async ({ parameters: [id = ''] }) => {
        const kept = await keeper.get(id)
        if (!kept) throw new Refusal(404, `there is no task ${id}`, [{ field: 'task', message: 'is not known' }])
        return { status: 200, body: { success: true, ...taskRow(kept) } }
      },
    },
    {
      methods: ['POST'],
      path: '/cluster/nodes/:id/sync',
      answer: ({ parameters, body }) => take(body, { source: parameters[0] }),
    },
    {
      methods: ['GET'],
      path: '/cluster/nodes/:id/sync',
      answer: ({ parameters, query }) => list(keeper, query, parameters[0]),
    },
  ]
}

function readTask(body: unknown, named: Named, now: number): SyncTask {
  const read = readBody(Body, body ?? {})
  const problems: { field: string; message: string }[] = []
  const source = named.source ?? read.source_node ?? read.node_id
  if (!source) problems.push({ field: 'source_node', message: 'required' })
  const dataType = dataTypes.get((named.dataType ?? read.data_type ?? '').toLowerCase())
  if (dataType === undefined) problems.push({ field: 'data_type', message: typeError })
  if (read.data === undefined) problems.push({ field: 'data', message: 'required' })
  const timestamp = read.timestamp === undefined || read.timestamp === null ? now : timeOf(read.timestamp)
  if (timestamp === undefined)
    problems.push({ field: 'timestamp', message: 'expected a time such as "2026-03-01T10:00:00Z"' })
  if (problems.length > 0 || !source || dataType === undefined || timestamp === undefined) {
    throw new Refusal(400, 'the task is not valid', problems)
  }
  return {
    id: read.task_id ?? `sync-${randomUUID()}`,
    source,
    targets: read.target_nodes ?? [],
    dataType,
    data: JSON.stringify(withoutSecrets(read.data)),
    priority: read.priority ?? 5,
    timestamp,
    at: now,
  }
}

const Query = z.object({
  source_node: queryText(),
  limit: whole(1, 1_000),
  cursor: whole(0, 1e9),
})

async function list(keeper: SyncTaskKeeper, query: URLSearchParams, node: string | undefined): Promise<Reply> {
  const { source_node, limit = 100, cursor } = readBody(Query, queryObject(query))
  const tasks = await keeper.list({ source: node ?? source_node, before: cursor, limit })
  const next = tasks.length === limit ? String(tasks.at(-1)?.number ?? '') : null
  return { status: 200, body: { tasks: tasks.map(taskRow), limit, next_cursor: next } }
}

function taskRow({ id, source, targets, dataType, priority, status, error, bytes, timestamp, at }: SyncTaskView) {
  return {
    task_id: id,
    status,
    error,
    source_node: source,
    target_nodes: targets,
    data_type: dataType,
    priority,
    bytes,
    timestamp: isoTime(timestamp),
    accepted_at: isoTime(at),
  }
}
