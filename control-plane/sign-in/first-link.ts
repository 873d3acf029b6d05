import { rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { flushFolder, writeFlushed } from '#shared/files/flush.ts'
import type { Logger } from '#shared/logging/logger.ts'
import type { AuditDraft } from '../fleet/audit.ts'
import type { PeopleStore } from '../fleet/people.ts'
import { linkText, newLink } from './new-session.ts'

export type FirstLinkParts = {
  readonly store: Pick<PeopleStore, 'addFirstSignInLink'>
  /** Where people's browsers reach this installation. */
  readonly url: string
  /** Where the link is written, for this user alone. */
  readonly file: string
  readonly lifetimeMs: number
  readonly audit: (subject: string, after: object) => AuditDraft
  readonly log: Logger
  readonly now: number
}

/** Of a new installation. */
const firstUser = 'admin'

/**
 * Makes the link by which the first admin signs in, where nobody could make one: no user, no token and no other link. It is written to its
 * file before it counts. Rejects where that cannot be written, or as the store does.
 */
export async function makeFirstLink(parts: FirstLinkParts): Promise<boolean> {
  const { store, url, file, lifetimeMs, audit, log, now } = parts
  const { token, stored } = newLink({ userId: firstUser, author: 'plane', lifetimeMs }, now)
  const aside = `${file}.${token.id}`
  await writeFlushed(aside, `${linkText(url, token)}\n`, 0o600)
  try {
    const after = { user: firstUser, expires: new Date(stored.expiresAt).toISOString() }
    if (!(await store.addFirstSignInLink(stored, [audit(`link:${stored.id}`, after)]))) return false
    await rm(file, { force: true })
    await rename(aside, file)
    await flushFolder(dirname(file))
    log.warn({ file }, 'no admin has signed in yet: the file holds a link by which one can, once')
    return true
  } finally {
    await rm(aside, { force: true })
  }
}
