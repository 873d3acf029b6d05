import { rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { apiTokenText } from '#shared/access/token.ts'
import { flushFolder, writeFlushed } from '#shared/files/flush.ts'
import type { Logger } from '#shared/logging/logger.ts'
import type { AccessStore } from '../fleet/access.ts'
import type { AuditDraft } from '../fleet/audit.ts'
import { makeToken } from './make-token.ts'

export type FirstTokenParts = {
  readonly store: Pick<AccessStore, 'addFirstApiToken'>
  /** Where the token is written, for this user alone. */
  readonly file: string
  readonly audit: (subject: string, after: object) => AuditDraft
  readonly log: Logger
  readonly now: number
}

export const firstTokenMs = 24 * 3_600_000

/**
 * Makes the token of the first start, where there is none by which others can be made: it makes one token, and is used up then. It is written
 * to its file before it counts. Rejects where that cannot be written, or as the store does.
 */
export async function makeFirstToken({ store, file, audit, log, now }: FirstTokenParts): Promise<boolean> {
  const wish = {
    kind: 'first',
    name: 'first start',
    permissions: ['tokens:write'],
    author: 'plane',
    lifetimeMs: firstTokenMs,
  } as const
  const { token, stored } = makeToken(wish, now)
  const aside = `${file}.${token.id}`
  await writeFlushed(aside, `${apiTokenText(token)}\n`, 0o600)
  try {
    const after = { kind: 'first', expires: new Date(stored.expiresAt).toISOString() }
    if (!(await store.addFirstApiToken(stored, [audit(`token:${stored.id}`, after)]))) return false
    await rm(file, { force: true })
    await rename(aside, file)
    await flushFolder(dirname(file))
    log.warn({ file }, 'nobody can make tokens yet: the file holds one that makes the first one, within a day')
    return true
  } finally {
    await rm(aside, { force: true })
  }
}
