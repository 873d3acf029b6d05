import { type Request, type Response, Router } from 'express'
import {
  type SessionView,
  UserLinkRequest,
  type UserLinkView,
  UserReasonRequest,
  UserRequest,
  UserRoleRequest,
  type UserView,
} from '#shared/access/people-api.ts'
import { permissionsOf, type Role } from '#shared/access/permissions.ts'
import { newApiToken } from '#shared/access/token.ts'
import type { Caller } from '../access/caller.ts'
import { beyond } from '../access/make-token.ts'
import { permissionsOfUser } from '../access/sessions.ts'
import type { AuditDraft } from '../fleet/audit.ts'
import type { PeopleStore, StoredSession, StoredUser, UserChange } from '../fleet/people.ts'
import { linkText, newLink } from '../sign-in/new-session.ts'
import { isoTime } from './iso-time.ts'
import { notKnown, Refusal, readBody } from './problem.ts'

export type UsersApiParts = {
  readonly callerOf: (request: Request) => Caller
  readonly store: Pick<
    PeopleStore,
    'users' | 'user' | 'addUser' | 'changeUser' | 'addSignInLink' | 'sessions' | 'session' | 'endSession'
  >
  /** Somebody was changed here, or a session ended. */
  readonly onChanged: () => void
  readonly draft: (done: {
    readonly subject: string
    readonly before?: object
    readonly after?: object
    readonly why: string
  }) => AuditDraft | undefined
  /** Where people's browsers reach this installation. */
  readonly url: string
  readonly linkMs: number
  readonly now: () => number
}

/** Users, or sessions, that are listed at most. */
const mostListed = 10_000

/** People who may sign in, and where they have. */
export function usersRouter({ callerOf, store, onChanged, draft, url, linkMs, now }: UsersApiParts): Router {
  const router = Router()

  const known = async (id: string): Promise<StoredUser> => {
    const user = await store.user(id)
    if (!user) throw notKnown(`There is no user ${id}.`, 'user list')
    return user
  }

  /** Changes somebody, which ends his sessions and links. */
  const change = async (
    request: Request,
    response: Response,
    user: StoredUser,
    { why, ...to }: Pick<UserChange, 'role' | 'status'> & { readonly why: string },
  ) => {
    const before = { role: user.role, status: user.status }
    mayGive(callerOf(request), user.role, to.role ?? user.role)
    const row = draft({ subject: `user:${user.name}`, before, after: { ...before, ...to }, why })
    await store.changeUser({ id: user.id, ...to, at: now(), audit: row ? [row] : [] })
    onChanged()
    response.json(userView((await store.user(user.id)) ?? user))
  }

  router.get('/users', async (_request, response) => {
    response.json((await store.users(mostListed)).map(userView))
  })

  router.post('/users', async (request, response) => {
    const { username, email, role, permissions = [], reason } = readBody(UserRequest, request.body)
    mayGive(callerOf(request), role)
    const at = now()
    const user: StoredUser = {
      ...{ id: newApiToken().id, name: username, email, role, permissions, status: 'inactive' },
      ...{ createdAt: at, updatedAt: at, lastLogin: undefined, enrolledAt: undefined, identity: undefined },
    }
    const view = userView(user)
    const row = draft({ subject: `user:${username}`, after: view, why: reason })
    if (!(await store.addUser(user, row ? [row] : []))) {
      throw new Refusal(409, `There is a user ${username} already, or one with this e-mail.`, { code: 'USER_TAKEN' })
    }
    response.json(view)
  })

  router.put('/users/:id/role', async (request, response) => {
    const { role, reason } = readBody(UserRoleRequest, request.body)
    const user = await known(request.params.id)
    if (user.identity) {
      throw new Refusal(409, `The role of ${user.name} comes from the groups of the provider, at each sign-in.`, {
        remedy: 'Change the groups there, or access.oidc.roles; or suspend the user here.',
      })
    }
    await change(request, response, user, { role, why: reason })
  })

  router.post('/users/:id/suspend', async (request, response) => {
    const { reason } = readBody(UserReasonRequest, request.body)
    await change(request, response, await known(request.params.id), { status: 'suspended', why: reason })
  })

  router.post('/users/:id/resume', async (request, response) => {
    const { reason } = readBody(UserReasonRequest, request.body)
    const user = await known(request.params.id)
    if (user.status !== 'suspended') throw new Refusal(409, `${user.name} is not suspended.`)
    const status = user.enrolledAt === undefined ? 'inactive' : 'active'
    await change(request, response, user, { status, why: reason })
  })

  router.post('/users/:id/links', async (request, response) => {
    const { expires_in_ms, reason } = readBody(UserLinkRequest, request.body)
    const user = await known(request.params.id)
    const caller = callerOf(request)
    mayGive(caller, user.role)
    if (user.identity) {
      throw new Refusal(409, `${user.name} signs in by the provider, which says who it is.`)
    }
    const wish = { userId: user.id, author: caller.name, lifetimeMs: expires_in_ms ?? linkMs }
    const { token, stored } = newLink(wish, now())
    const expires_at = isoTime(stored.expiresAt)
    const after = { link: stored.id, role: user.role, expires_at }
    const row = draft({ subject: `user:${user.name}`, after, why: reason })
    if (!(await store.addSignInLink(stored, row ? [row] : []))) {
      throw new Refusal(409, `${user.name} is suspended.`, { remedy: 'Let the user in again: `heddle user resume`.' })
    }
    response
      .set('Cache-Control', 'no-store')
      .json({ user: user.name, link: linkText(url, token), expires_at } satisfies UserLinkView)
  })

  router.get('/sessions', async (_request, response) => {
    const users = await store.users(mostListed)
    const names = new Map(users.map(({ id, name }) => [id, name]))
    response.json((await store.sessions(mostListed)).map((session) => sessionView(session, names)))
  })

  router.post('/sessions/:id/end', async (request, response) => {
    const { reason } = readBody(UserReasonRequest, request.body)
    const { id } = request.params
    const found = await store.session(id)
    if (!found) throw notKnown(`There is no session ${id}.`, 'user sessions')
    const { user, session } = found
    mayGive(callerOf(request), user.role)
    const row = draft({ subject: `session:${id}`, before: { user: user.name }, why: reason })
    await store.endSession(id, row ? [row] : [])
    onChanged()
    response.json(sessionView(session, new Map([[user.id, user.name]])))
  })

  return router
}

/** Nobody makes somebody, or has power over somebody, who may do more than he himself. */
function mayGive(caller: Caller, ...wanted: readonly Role[]): void {
  const extra = wanted.flatMap((role) => beyond(caller, { permissions: permissionsOf[role], tenant: undefined }))
  if (extra.length === 0) return
  throw new Refusal(403, `Nobody gives what he may not do himself: ${[...new Set(extra)].join(', ')}.`, {
    code: 'ACCESS_REFUSED',
    remedy: 'Have somebody with these permissions do it.',
  })
}

function userView(user: StoredUser): UserView {
  const time = (at: number | undefined) => (at === undefined ? null : isoTime(at))
  const { id, name: username, email = null, role, status, identity } = user
  return {
    ...{ id, username, email, role, status },
    permissions: [...permissionsOfUser(user)],
    issuer: identity?.issuer ?? null,
    last_login: time(user.lastLogin),
    enrolled_at: time(user.enrolledAt),
    created_at: isoTime(user.createdAt),
    updated_at: isoTime(user.updatedAt),
  }
}

function sessionView(session: StoredSession, names: ReadonlyMap<string, string>): SessionView {
  const { id, userId, by, from, createdAt, seenAt, expiresAt, endsAt } = session
  return {
    id,
    user: names.get(userId) ?? userId,
    signed_in_by: by,
    from,
    created_at: isoTime(createdAt),
    last_seen_at: isoTime(seenAt),
    expires_at: isoTime(expiresAt),
    ends_at: isoTime(endsAt),
  }
}
