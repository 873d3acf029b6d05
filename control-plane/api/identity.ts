import { TLSSocket } from 'node:tls'
import { type Request, type Response, Router } from 'express'
import { catalogue } from '#shared/failure/catalogue.ts'
import type { FailureCode } from '#shared/failure/failure.ts'
import { Failure } from '#shared/failure/failure.ts'
import { everything } from '#shared/identity/scope.ts'
import type { Logger } from '#shared/logging/logger.ts'
import { PageQuery } from '#shared/protocol/api.ts'
import {
  ApproveIdentityRequest,
  type AuthorityListView,
  type DoneView,
  EnrolRequest,
  type EnrolView,
  type MadeTokenView,
  ReleaseRequest,
  RenewRequest,
  RevokeRequest,
  SignedRequest,
  TokenRequest,
} from '#shared/protocol/identity-api.ts'
import { networkOf } from '../access/network-of.ts'
import { releaseUntil, revokeSerial } from '../fleet/revoked.ts'
import { type Answered, approve, enrol, renew } from '../identity/enrol.ts'
import { makeToken } from '../identity/first-token.ts'
import type { Identities } from '../identity/identities.ts'
import { revoked } from '../identity/revoke.ts'
import { Attempts } from './attempts.ts'
import { identityView, tokenView } from './identity-views.ts'
import { isoTime } from './iso-time.ts'
import { sendPage } from './paging.ts'
import { notKnown, Refusal, readBody, readQuery } from './problem.ts'

export type IdentityParts = {
  readonly identities: Identities
  /** Enrolments and renewals under way at once. */
  readonly atOnce: number
  /** Refused ones that one address may have within a minute. */
  readonly refusedPerMinute: number
  readonly log: Logger
}

const mostTokens = 1_000

/** Who is known by certificates: letting nodes in, looking at them, and ending them. @param parts undefined: nobody is */
export function identityRouter(parts: IdentityParts | undefined): Router {
  const router = Router()
  const attempts = new Attempts(parts?.atOnce ?? 0, parts?.refusedPerMinute ?? 0)

  const known = (): IdentityParts => {
    if (parts) return parts
    const { title, remedy } = catalogue.IDENTITY_OFF
    throw new Refusal(409, title, { code: 'IDENTITY_OFF', remedy })
  }
  type Answer = (request: Request, response: Response, parts: IdentityParts) => Promise<void>
  const get = (path: string, answer: Answer) =>
    router.get(path, (request, response) => answer(request, response, known()))
  const post = (path: string, answer: Answer) =>
    router.post(path, (request, response) => answer(request, response, known()))

  post('/enrol', async (request, response, { identities, log }) => {
    const asked = readBody(EnrolRequest, request.body)
    const answered = await attempts.make(addressOf(request), () => enrol(identities.enrolling, asked))
    tell(log, 'enrol', asked.node, request, answered)
    send(response, answered)
  })

  post('/renew', async (request, response, { identities, log }) => {
    const asked = readBody(RenewRequest, request.body)
    const { socket } = request
    const shown = socket instanceof TLSSocket ? identities.shownIn(socket) : { kind: 'none' as const }
    if (shown.kind !== 'node') {
      throw new Refusal(401, 'The certificate that is to be renewed has to be that of the connection.')
    }
    const { certificate } = shown
    const wish = { certificate: certificate.x509.raw, ...asked }
    const answered = await attempts.make(addressOf(request), () => renew(identities.enrolling, wish))
    tell(log, 'renew', certificate.node, request, answered)
    send(response, answered)
  })

  get('/identity', async (_request, response, { identities }) => {
    const { heldUntil } = identities.revoked
    const view: AuthorityListView = {
      installation: identities.installation,
      authorities: identities.authorities.kept.map(({ id, state, since, notAfter, sealedKey }) => ({
        ...{ id, state, since: isoTime(since), not_after: isoTime(notAfter), outside: sealedKey === '' },
      })),
      trust: identities.trust,
      held_until: heldUntil > 0 ? isoTime(heldUntil) : null,
      revocations: identities.revocations.length,
    }
    response.json(view)
  })

  get('/identities', async (request, response, { identities }) => {
    const { limit, after = '' } = readQuery(PageQuery, request.query)
    const found = await identities.store.identities(after, limit + 1)
    const items = found.slice(0, limit)
    sendPage(request, response, {
      items: items.map(identityView),
      last: items.at(-1)?.node,
      more: found.length > limit,
    })
  })

  router.get('/identities/:node', async (request, response) => {
    response.json(identityView(await find(known(), request.params.node)))
  })

  router.post('/identities/:node/approve', async (request, response) => {
    const { identities, log } = known()
    const { key, by } = readBody(ApproveIdentityRequest, request.body)
    const { node } = request.params
    const next = await asRefusals(() => approve(identities.enrolling, node, key, by))
    log.info({ node, by, enrolment: next.scope.enrolment }, 'a node was let in')
    await identities.look()
    response.json(identityView(next))
  })

  router.post('/identities/:node/revoke', async (request, response) => {
    const { identities, log } = known()
    const { reason, by, serial } = readBody(RevokeRequest, request.body)
    const identity = await find(known(), request.params.node)
    const { node } = identity
    const at = Date.now()
    if (serial !== undefined) await identities.store.addRevocations([revokeSerial(node, serial, at, by, reason)])
    else if ((await identities.store.changeIdentity(revoked(identity, { at, by, why: reason }))) !== 'changed') {
      throw new Refusal(409, `${node} has changed meanwhile: look at it again.`, { code: 'VERSION_CHANGED' })
    }
    log.warn({ node, by, reason, serial }, 'a node was revoked')
    await identities.look()
    response.json(identityView(await find(known(), node)))
  })

  get('/identity/tokens', async (_request, response, { identities }) => {
    response.json((await identities.store.tokens(mostTokens)).map(tokenView))
  })

  post('/identity/tokens', async (request, response, { identities, log }) => {
    const { uses, lifetime_ms: lifetimeMs, grant = everything, by } = readBody(TokenRequest, request.body)
    const wish = { grant, uses, lifetimeMs, author: by, now: Date.now() }
    const { id, text, expiresAt } = await makeToken(identities.store, identities.authorities.active.id, wish)
    log.info({ id, by, uses, until: isoTime(expiresAt) }, 'an enrolment token was made')
    response.setHeader('cache-control', 'no-store')
    response.json({ id, token: text, expires_at: isoTime(expiresAt) } satisfies MadeTokenView)
  })

  router.post('/identity/tokens/:id/end', async (request, response) => {
    const { identities, log } = known()
    const { by } = readBody(SignedRequest, request.body)
    const { id } = request.params
    if (!(await identities.store.endToken(id))) throw notKnown(`There is no enrolment token ${id}.`, 'identity tokens')
    log.info({ id, by }, 'an enrolment token was ended')
    response.json({ done: `Nobody can use ${id} any more.` } satisfies DoneView)
  })

  post('/identity/rotate', async (request, response, { identities, log }) => {
    const { by } = readBody(SignedRequest, request.body)
    const step = await identities.rotate({ asked: true, confirmed: false })
    log.warn({ by, step: step?.kind }, 'a rotation of the authority was asked for')
    const done =
      step?.kind === 'make-next'
        ? 'The next authority is made; it signs when every node that could come back trusts it.'
        : 'A rotation is under way already.'
    response.json({ done } satisfies DoneView)
  })

  post('/identity/release', async (request, response, { identities, log }) => {
    const { reason, by } = readBody(ReleaseRequest, request.body)
    const { heldUntil } = identities.revoked
    if (heldUntil === 0) throw new Refusal(409, 'No certificates are held.')
    await identities.store.addRevocations([releaseUntil(heldUntil, Date.now(), by, reason)])
    log.warn({ by, reason, until: isoTime(heldUntil) }, 'certificates that were held may be renewed')
    await identities.look()
    response.json({ done: `Certificates from before ${isoTime(heldUntil)} may be renewed.` } satisfies DoneView)
  })

  return router
}

/** Whose refusals are counted together: whoever has one address of IPv6 has all of its network. */
function addressOf({ socket }: Request): string {
  return networkOf(socket.remoteAddress ?? '')
}

async function find({ identities }: IdentityParts, node: string) {
  const identity = await identities.store.identity(node)
  if (!identity) throw notKnown(`There is no identity of a node ${node}.`, 'identity list')
  return identity
}

async function asRefusals<T>(act: () => Promise<T>): Promise<T> {
  try {
    return await act()
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    const { code, message, remedy } = error
    if (code === 'NOT_FOUND') throw new Refusal(404, message, { code, remedy })
    if (code === 'VERSION_CHANGED') throw new Refusal(409, message, { code, remedy })
    throw error
  }
}

function tell(log: Logger, what: 'enrol' | 'renew', node: string, { socket }: Request, answered: Answered): void {
  const from = socket.remoteAddress
  switch (answered.kind) {
    case 'issued': {
      const { serial, notAfter } = answered.identity
      log.info({ node, from, serial, until: isoTime(notAfter), what }, 'a certificate was issued')
      break
    }
    case 'waiting':
      log.warn({ node, from }, 'a node waits to be let in: `heddle identity list` shows it')
      break
    case 'refused':
      log.warn({ node, from, code: answered.code, why: answered.why, what }, 'a node was refused a certificate')
  }
}

function send(response: Response, answered: Answered): void {
  response.setHeader('cache-control', 'no-store')
  switch (answered.kind) {
    case 'issued': {
      const { certificate, trust } = answered
      response.json({ state: 'issued', certificate, trust } satisfies EnrolView)
      return
    }
    case 'waiting':
      response.status(202).json({ state: 'waiting' } satisfies EnrolView)
      return
    case 'refused':
      throw refusalOf(answered.code, answered.why)
  }
}

function refusalOf(code: FailureCode, why: string): Refusal {
  const { title, remedy } = catalogue[code]
  return new Refusal(403, `${title.replace(/\.$/, '')}: ${why}.`, { code, remedy })
}
