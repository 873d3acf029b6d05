import type { Kysely } from 'kysely'
import { importQueries } from '../former/import-queries.ts'
import type { Schema } from '../schema.ts'
import { accessQueries } from './access-queries.ts'
import { auditQueries } from './audit-queries.ts'
import { audited } from './audited.ts'
import { environmentQueries } from './environment-queries.ts'
import { identityQueries } from './identity-queries.ts'
import { journalQueries } from './journal-queries.ts'
import { leadershipQueries } from './leadership-queries.ts'
import { peopleQueries } from './people-queries.ts'
import { replicaQueries } from './replica-queries.ts'
import { routingSplitQueries } from './routing-split-queries.ts'
import { routingVersionQueries } from './routing-version-queries.ts'
import { syncTaskQueries } from './sync-task-queries.ts'
import { tableQueries } from './table-queries.ts'
import { upgradeQueries } from './upgrade-queries.ts'

export type StoreQueries = ReturnType<typeof storeQueries>

/** All that a store can be asked for, in the common subset of SQLite and PostgreSQL. */
export function storeQueries(db: Kysely<Schema>) {
  return { ...plainQueries(db), audited: audited(db, plainQueries) }
}

function plainQueries(db: Kysely<Schema>) {
  return {
    ...journalQueries(db),
    ...tableQueries(db),
    ...syncTaskQueries(db),
    ...importQueries(db),
    ...routingVersionQueries(db),
    ...routingSplitQueries(db),
    ...leadershipQueries(db),
    ...replicaQueries(db),
    ...identityQueries(db),
    ...accessQueries(db),
    ...peopleQueries(db),
    ...auditQueries(db),
    ...environmentQueries(db),
    ...upgradeQueries(db),
  }
}
