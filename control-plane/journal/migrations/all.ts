import type { Migration } from 'kysely/migration'
import * as journal from './0001-journal.ts'
import * as tables from './0002-tables.ts'
import * as initialContents from './0003-initial-contents.ts'
import * as syncTasks from './0004-sync-tasks.ts'
import * as routingVersions from './0005-routing-versions.ts'
import * as leadership from './0006-leadership.ts'
import * as routingSplits from './0007-routing-splits.ts'
import * as replicas from './0008-replicas.ts'
import * as identities from './0009-identities.ts'
import * as access from './0010-access.ts'
import * as tenants from './0011-tenants.ts'
import * as people from './0012-people.ts'
import * as upgrades from './0013-upgrades.ts'

/** Every migration by its number and name, in order. What has been released is never changed again: a new one follows. */
export const migrations: Readonly<Record<string, Migration>> = {
  '0001-journal': journal,
  '0002-tables': tables,
  '0003-initial-contents': initialContents,
  '0004-sync-tasks': syncTasks,
  '0005-routing-versions': routingVersions,
  '0006-leadership': leadership,
  '0007-routing-splits': routingSplits,
  '0008-replicas': replicas,
  '0009-identities': identities,
  '0010-access': access,
  '0011-tenants': tenants,
  '0012-people': people,
  '0013-upgrades': upgrades,
}
