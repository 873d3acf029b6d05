import type { Insertable, Kysely, Selectable } from 'kysely'
import type { Environment, EnvironmentState, EnvironmentStore, Taken } from '../../fleet/environments.ts'
import { takeTurn } from '../dialect-words.ts'
import type { EnvironmentsRow, Schema } from '../schema.ts'
import { isoTime } from '../tables/rows.ts'
import { addAudit } from './audit-queries.ts'

const ended: readonly EnvironmentState[] = ['failed', 'released']

/** Environments of users, in the common subset of SQLite and PostgreSQL. */
export function environmentQueries(db: Kysely<Schema>): EnvironmentStore {
  return {
    environmentsTaken: () => takenIn(db),

    addEnvironment: (wanted, audit) =>
      db.transaction().execute(async (transaction) => {
        // One at a time, over all planes: what is found free is still free when it is written.
        await takeTurn(transaction, 'environments')
        const { at, capacity, quota, ...kept } = wanted
        const there = await transaction
          .selectFrom('environments')
          .selectAll()
          .where('tenant', '=', kept.tenant)
          .where('idempotency_key', '=', kept.key)
          .executeTakeFirst()
        if (there) return { kind: 'there', environment: environmentOf(there) }
        const held = transaction.selectFrom('environments').where('state', 'not in', ended)
        const { units } = await held
          .where('instance_id', '=', kept.server.instance)
          .select(({ fn }) => fn.sum<number | null>('units').as('units'))
          .executeTakeFirstOrThrow()
        const { own } = await held
          .where('tenant', '=', kept.tenant)
          .select(({ fn }) => fn.countAll<number>().as('own'))
          .executeTakeFirstOrThrow()
        if (Number(units ?? 0) + kept.requirement.units > capacity || Number(own) >= quota) return { kind: 'overtaken' }
        const row = rowOf({
          ...kept,
          state: 'creating',
          userId: undefined,
          steps: { user: 'none', grants: 'none' },
          ...{ code: '', why: '', failures: 0, createdAt: at, updatedAt: at, version: 1 },
        })
        const added = await transaction.insertInto('environments').values(row).returningAll().executeTakeFirstOrThrow()
        await addAudit(transaction, audit)
        return { kind: 'added', environment: environmentOf(added) }
      }),

    changeEnvironment: (environment, audit = []) =>
      db.transaction().execute(async (transaction) => {
        const { number: _, ...changed } = environment
        const row = await transaction
          .updateTable('environments')
          .set(rowOf({ ...changed, version: environment.version + 1 }))
          .where('environment_id', '=', environment.id)
          .where('version', '=', environment.version)
          .returningAll()
          .executeTakeFirst()
        if (!row) return undefined
        await addAudit(transaction, audit)
        return environmentOf(row)
      }),

    async environment(id) {
      const row = await db.selectFrom('environments').selectAll().where('environment_id', '=', id).executeTakeFirst()
      return row && environmentOf(row)
    },

    async environments({ tenant, state, before, limit }) {
      const rows = await db
        .selectFrom('environments')
        .selectAll()
        .$if(tenant !== undefined, (query) => query.where('tenant', '=', tenant ?? ''))
        .$if(state !== undefined, (query) => query.where('state', '=', state ?? ''))
        .$if(before !== undefined, (query) => query.where('id', '<', before ?? 0))
        .orderBy('id', 'desc')
        .limit(limit)
        .execute()
      return rows.map(environmentOf)
    },

    async dueEnvironments(now, limit) {
      const time = isoTime(now)
      const due = await db
        .selectFrom('environments')
        .selectAll()
        .where('due_at', '<=', time)
        .orderBy('due_at')
        .limit(limit)
        .execute()
      const expired = await db
        .selectFrom('environments')
        .selectAll()
        .where('state', '=', 'ready')
        .where('expires_at', '<=', time)
        .orderBy('id')
        .limit(limit)
        .execute()
      return [...due, ...expired].map(environmentOf)
    },

    async environmentsHeld() {
      const rows = await db
        .selectFrom('environments')
        .where('state', 'not in', ended)
        .select(({ fn }) => ['tenant', fn.countAll<number>().as('environments')])
        .groupBy('tenant')
        .execute()
      return new Map(rows.map(({ tenant, environments }) => [tenant, Number(environments)]))
    },

    async dropEnvironments(before, limit) {
      const { numDeletedRows } = await db
        .deleteFrom('environments')
        .where('id', 'in', (query) =>
          query
            .selectFrom('environments')
            .select('id')
            .where('state', 'in', ended)
            .where('updated_at', '<', isoTime(before))
            .orderBy('id')
            .limit(limit),
        )
        .executeTakeFirst()
      return Number(numDeletedRows)
    },
  }
}

async function takenIn(db: Kysely<Schema>): Promise<readonly Taken[]> {
  const rows = await db
    .selectFrom('environments')
    .where('state', 'not in', ended)
    .select(({ fn }) => [
      'instance_id',
      'site',
      'machine',
      'tenant',
      fn.sum<number>('units').as('units'),
      fn.countAll<number>().as('environments'),
    ])
    .groupBy(['instance_id', 'site', 'machine', 'tenant'])
    .execute()
  return rows.map(({ instance_id, site, machine, tenant, units, environments }) => ({
    instance: instance_id,
    site,
    machine,
    tenant,
    units: Number(units),
    environments: Number(environments),
  }))
}

function rowOf(environment: Omit<Environment, 'number'>): Insertable<EnvironmentsRow> {
  const { server, requirement } = environment
  const time = (at: number | undefined) => (at === undefined ? null : isoTime(at))
  return {
    environment_id: environment.id,
    tenant: environment.tenant,
    idempotency_key: environment.key,
    request_hash: environment.requestHash,
    state: environment.state,
    username: environment.username,
    email: environment.email ?? null,
    user_id: environment.userId ?? null,
    steps: JSON.stringify(environment.steps),
    instance_id: server.instance,
    node_id: server.node,
    site: server.site,
    machine: server.machine,
    units: requirement.units,
    requirement: JSON.stringify(requirement),
    author: environment.author,
    reason: environment.reason,
    code: environment.code,
    why: environment.why,
    failures: environment.failures,
    created_at: isoTime(environment.createdAt),
    updated_at: isoTime(environment.updatedAt),
    due_at: time(environment.dueAt),
    expires_at: time(environment.expiresAt),
    version: environment.version,
  }
}

function environmentOf(row: Selectable<EnvironmentsRow>): Environment {
  const time = (text: string | null) => (text === null ? undefined : Date.parse(text))
  return {
    number: Number(row.id),
    id: row.environment_id,
    tenant: row.tenant,
    key: row.idempotency_key,
    requestHash: row.request_hash,
    state: row.state as EnvironmentState,
    username: row.username,
    email: row.email ?? undefined,
    userId: row.user_id ?? undefined,
    steps: JSON.parse(row.steps),
    server: { instance: row.instance_id, node: row.node_id, site: row.site, machine: row.machine },
    requirement: JSON.parse(row.requirement),
    author: row.author,
    reason: row.reason,
    code: row.code,
    why: row.why,
    failures: Number(row.failures),
    createdAt: Date.parse(row.created_at),
    updatedAt: Date.parse(row.updated_at),
    dueAt: time(row.due_at),
    expiresAt: time(row.expires_at),
    version: Number(row.version),
  }
}
