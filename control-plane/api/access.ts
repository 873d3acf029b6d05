import { type Request, type Response, Router } from 'express'
import {
  type AccessView,
  type TokenMadeView,
  TokenRequest,
  TokenRevokeRequest,
  type TokenView,
} from '#shared/access/api.ts'
import { apiTokenText } from '#shared/access/token.ts'
import { AuditQuery, type AuditView } from '#shared/audit/api.ts'
import type { Caller } from '../access/caller.ts'
import { beyond, makeToken } from '../access/make-token.ts'
import type { AccessStore, StoredApiToken } from '../fleet/access.ts'
import type { AuditDraft, AuditStore } from '../fleet/audit.ts'
import { isoTime } from './iso-time.ts'
import { notKnown, Refusal, readBody, readQuery } from './problem.ts'

export type AccessApiParts = {
  readonly callerOf: (request: Request) => Caller
  /** What pages of the plane send with changes; undefined: it is no session that asks. */
  readonly csrfOf: (request: Request) => string | undefined
  readonly required: () => boolean
  readonly store: Pick<AccessStore, 'changeApiTokens' | 'apiToken' | 'apiTokens'> &
    Pick<AuditStore, 'readAudit' | 'auditChain'>
  /** A token was made or ended here. */
  readonly onChanged: (id: string) => void
  /** What the audit keeps of what is done just now. */
  readonly draft: (done: {
    readonly subject: string
    readonly after: object
    readonly why: string
  }) => AuditDraft | undefined
  readonly lifetimeMs: number
  readonly now: () => number
}

/** Tokens that are listed at most: the newest. */
const mostListed = 1_000

/** Who asks, the tokens of the API, and the audit. */
export function accessRouter({
  callerOf,
  csrfOf,
  required,
  store,
  onChanged,
  draft,
  lifetimeMs,
  now,
}: AccessApiParts): Router {
  const router = Router()

  router.get('/access', (request, response) => {
    const { kind, name, role = null, permissions, tenant = null } = callerOf(request)
    const csrf = kind === 'person' ? csrfOf(request) : undefined
    response.set('Cache-Control', 'no-store').json({
      kind,
      name,
      role,
      permissions: [...permissions],
      tenant,
      required: required(),
      ...(csrf === undefined ? {} : { csrf }),
    } satisfies AccessView)
  })

  router.get('/tokens', async (_request, response) => {
    const tokens = await store.apiTokens(mostListed)
    response.json(tokens.map((token) => tokenView(token, now())))
  })

  router.post('/tokens', async (request, response: Response) => {
    const { expires_in_ms, reason, ...wish } = readBody(TokenRequest, request.body)
    const caller = callerOf(request)
    const at = now()
    const { token, stored } = makeToken(
      {
        kind: 'token',
        name: wish.name,
        author: caller.name,
        lifetimeMs: expires_in_ms ?? lifetimeMs,
        ...(wish.role === undefined ? {} : { role: wish.role }),
        ...(wish.permissions === undefined ? {} : { permissions: wish.permissions }),
        ...(wish.tenant === undefined ? {} : { tenant: wish.tenant }),
      },
      at,
    )
    const extra = beyond(caller, stored)
    if (extra.length > 0) {
      throw new Refusal(403, `Nobody gives a token what he may not do himself: ${extra.join(', ')}.`, {
        code: 'ACCESS_REFUSED',
        remedy: 'Have somebody with these permissions make it.',
      })
    }
    const view = tokenView(stored, at)
    const audit = [draft({ subject: `token:${stored.id}`, after: view, why: reason }) ?? []].flat()
    // That of the first start is used up by it.
    const end = caller.kind === 'first' && caller.id !== undefined ? { end: { id: caller.id, at } } : {}
    if (!(await store.changeApiTokens({ add: stored, ...end, audit }))) {
      throw new Refusal(401, 'The token of the first start was used already.', { code: 'ACCESS_UNKNOWN' })
    }
    onChanged(caller.id ?? stored.id)
    response.set('Cache-Control', 'no-store').json({ ...view, token: apiTokenText(token) } satisfies TokenMadeView)
  })

  router.post('/tokens/:id/revoke', async (request, response) => {
    const { id } = request.params
    const { reason } = readBody(TokenRevokeRequest, request.body)
    const known = await store.apiToken(id)
    if (!known) throw notKnown(`There is no token ${id}.`, 'token list')
    const at = now()
    const audit = [draft({ subject: `token:${id}`, after: { ended_at: isoTime(at) }, why: reason }) ?? []].flat()
    await store.changeApiTokens({ end: { id, at }, audit })
    onChanged(id)
    const after = (await store.apiToken(id)) ?? known
    response.json(tokenView(after, at))
  })

  router.get('/audit', async (request, response) => {
    const { after, limit } = readQuery(AuditQuery, request.query)
    const rows = await store.readAudit(after, limit)
    const { head, dropped } = await store.auditChain()
    const last = rows.at(-1)
    if (last && last.seq < head.seq) {
      response.set('Link', `</v1/audit?after=${last.seq}&limit=${limit}>; rel="next"`)
    }
    const shown = rows.map(({ at, ...row }) => ({ ...row, at: isoTime(at) }))
    response.json({ rows: shown, head, dropped } satisfies AuditView)
  })

  return router
}

function tokenView(token: StoredApiToken, now: number): TokenView {
  const time = (at: number | undefined) => (at === undefined ? null : isoTime(at))
  const { id, kind, name, role = null, permissions, tenant = null, author, createdAt, expiresAt, endedAt } = token
  return {
    ...{ id, kind, name, role, tenant, author },
    permissions: [...permissions],
    created_at: isoTime(createdAt),
    expires_at: isoTime(expiresAt),
    ended_at: time(endedAt),
    last_used_at: time(token.lastUsedAt),
    counts: endedAt === undefined && expiresAt > now,
  }
}
