import type { Transaction } from 'kysely'
import type { ImportEnd, KeptRow } from '#shared/protocol/registry-import.ts'
import type { Schema } from '../schema.ts'
import { decideImport } from './decisions.ts'
import { type ImportWish, timesOf } from './wish.ts'

type Row = KeptRow<'cluster_users'>

/** Users are added and never changed: what somebody may do is decided here, not by a file. */
export async function importUsers(
  transaction: Transaction<Schema>,
  { rows, dryRun, now }: ImportWish<'cluster_users'>,
): Promise<readonly ImportEnd[]> {
  const emails = rows.flatMap(({ email }) => (email === null ? [] : [email]))
  const present = await transaction
    .selectFrom('cluster_users')
    .select(['user_id', 'username', 'email', 'role', 'permissions'])
    .where((row) =>
      row.or([
        row('user_id', 'in', [...rows.map(({ user_id: id }) => id), '']),
        row('username', 'in', [...rows.map(({ username }) => username), '']),
        row('email', 'in', [...emails, '']),
      ]),
    )
    .execute()
  const holders = new Map<string, string>()
  const hold = (row: Pick<Row, 'user_id' | 'username' | 'email'>) => {
    for (const [field, value] of claimsOf(row)) holders.set(JSON.stringify([field, value]), row.user_id)
  }
  for (const row of present) hold(row)
  const clashes = rows.map((row) => {
    const clash = claimsOf(row).find(([field, value]) => {
      const holder = holders.get(JSON.stringify([field, value]))
      return holder !== undefined && holder !== row.user_id
    })
    if (!clash) hold(row)
    return clash?.[0]
  })
  const free = rows.filter((_, index) => clashes[index] === undefined)
  const contentOf = (row: Omit<Row, 'permissions' | 'role' | 'status'> & { role: string; permissions: unknown }) =>
    JSON.stringify([row.username, row.email, row.role, permissionsText(row.permissions)])
  const known = new Map(present.map((row) => [row.user_id, contentOf(row)]))
  const keyOf = (row: Row) => row.user_id
  const { ends, added } = decideImport(free, { known, keyOf, contentOf, overwrite: false, staysBecause: stays })
  if (!dryRun && added.length > 0) {
    await transaction
      .insertInto('cluster_users')
      .values(
        added.map((row) => ({
          ...row,
          permissions: permissionsText(row.permissions),
          last_login: null,
          ...timesOf(row, now),
        })),
      )
      .execute()
  }
  const rest = ends.values()
  return clashes.map((field) => (field === undefined ? (rest.next().value ?? stays) : taken(field)))
}

function claimsOf({ username, email }: Pick<Row, 'username' | 'email'>) {
  return [['username', username] as const, ...(email === null ? [] : [['email', email] as const])]
}

function permissionsText(permissions: unknown): string {
  return typeof permissions === 'string' ? permissions : JSON.stringify(permissions)
}

const stays: ImportEnd = {
  outcome: 'kept',
  reason: 'a user of this id is known otherwise',
  remedy: 'Change the user in Heddle: an import never changes what somebody may do.',
}

function taken(field: string): ImportEnd {
  return {
    outcome: 'kept',
    reason: `another user has this ${field}`,
    remedy: 'Enrol the user that Heddle has, or give this one another name and import it again.',
  }
}
