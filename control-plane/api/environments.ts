import { type Request, type Response, Router } from 'express'
import { catalogue } from '#shared/failure/catalogue.ts'
import { Failure } from '#shared/failure/failure.ts'
import {
  EnvironmentReleaseRequest,
  EnvironmentRequest,
  EnvironmentsQuery,
  type EnvironmentView,
} from '#shared/protocol/environment-api.ts'
import type { Caller } from '../access/caller.ts'
import type { Environments } from '../environments/environments.ts'
import { granted } from '../environments/zervi-users.ts'
import type { Environment } from '../fleet/environments.ts'
import type { FleetView } from '../fleet/fleet.ts'
import { isoTime } from './iso-time.ts'
import { sendPage } from './paging.ts'
import { notKnown, Refusal, readBody, readQuery } from './problem.ts'
import { sendContent } from './version.ts'

export type EnvironmentsApiParts = {
  readonly environments: Environments
  readonly callerOf: (request: Request) => Caller
  /** The whole one: an environment may be on a Basic Server that is nobody's. */
  readonly fleet: FleetView
}

const keyPattern = /^[!-~]{1,200}$/

/** Environments of users. Each caller has before its eyes what is its tenant's. */
export function environmentsRouter({ environments, callerOf, fleet }: EnvironmentsApiParts): Router {
  const router = Router()

  router.post('/environments', async (request, response) => {
    const caller = callerOf(request)
    const {
      user,
      tenant,
      reason,
      by,
      expires_in_ms: lifetimeMs,
      ...requirement
    } = readBody(EnvironmentRequest, request.body)
    if (caller.tenant !== undefined && tenant !== undefined && tenant !== caller.tenant) {
      const remedy = 'Leave `tenant` out.'
      throw new Refusal(403, 'Who is bound to a tenant makes environments for it.', { code: 'TENANT_FOREIGN', remedy })
    }
    const environment = await environments
      .create({
        tenant: caller.tenant ?? tenant ?? '',
        username: user.name,
        email: user.email,
        author: caller.kind === 'open' ? (by ?? caller.name) : caller.name,
        ...{ reason, requirement, lifetimeMs, key: keyOf(request) },
      })
      .catch(conflict)
    needNotFailed(response, environment)
    response.json(viewOf(environment, fleet))
  })

  router.get('/environments', async (request, response) => {
    const { tenant, state, after: before, limit } = readQuery(EnvironmentsQuery, request.query)
    const bound = callerOf(request).tenant
    const found = await environments.list({ tenant: bound ?? tenant, state, before, limit: limit + 1 })
    // Who asks for another tenant's is answered as if there was none.
    const seen = bound !== undefined && tenant !== undefined && tenant !== bound ? [] : found
    const items = seen.slice(0, limit).map((each) => viewOf(each, fleet))
    sendPage(request, response, { items, last: items.at(-1)?.number.toString(), more: seen.length > limit })
  })

  router.get('/environments/:id', async (request, response) => {
    const { id } = request.params
    const found = await environments.get(id, callerOf(request).tenant)
    sendContent(request, response, viewOf(found ?? missing(id), fleet))
  })

  router.post('/environments/:id/release', async (request, response) => {
    const { id } = request.params
    const { reason } = readBody(EnvironmentReleaseRequest, request.body)
    const found = (await environments.release(id, callerOf(request).tenant, reason)) ?? missing(id)
    response.json(viewOf(found, fleet))
  })

  return router
}

function keyOf(request: Request): string | undefined {
  const key = request.get('idempotency-key')
  if (key === undefined || keyPattern.test(key)) return key
  throw new Refusal(400, 'Idempotency-Key: expected up to 200 signs without spaces.', {
    problems: [{ field: 'Idempotency-Key', message: 'expected up to 200 signs without spaces' }],
  })
}

function conflict(error: unknown): never {
  if (error instanceof Failure && (error.code === 'ENVIRONMENT_NO_ROOM' || error.code === 'ENVIRONMENT_KEY_REUSED')) {
    throw new Refusal(409, error.message, { code: error.code, remedy: error.remedy })
  }
  if (error instanceof Failure && error.code === 'ENVIRONMENTS_OFF') {
    throw new Refusal(409, error.message, { code: error.code, remedy: error.remedy })
  }
  throw error
}

/** Throws a refusal that says why one was not made: 503 where the same call may make it later, else 409. */
function needNotFailed(response: Response, { id, code, why, state }: Environment): void {
  if (state !== 'failed' && state !== 'undoing') return
  const known = code === 'ENVIRONMENT_REFUSED' ? code : 'ENVIRONMENT_ZERVI_AWAY'
  const rest = state === 'failed' ? 'nothing of it is left' : 'what was begun is being undone'
  const away = known === 'ENVIRONMENT_ZERVI_AWAY'
  if (away) response.set('retry-after', '5')
  const { remedy } = catalogue[known]
  throw new Refusal(away ? 503 : 409, `The environment ${id} was not made, and ${rest}: ${why}`, {
    code: known,
    remedy,
  })
}

function missing(id: string): never {
  throw notKnown(`There is no environment ${id}.`, 'environment list')
}

function viewOf(environment: Environment, fleet: FleetView): EnvironmentView {
  const { id, number, tenant, state, username, email, userId, server, requirement, author, reason } = environment
  const spec = fleet.instances.get(server.instance)?.spec
  const isOver = state === 'failed' || state === 'released'
  return {
    ...{ id, number, tenant: tenant || null, state },
    user: { name: username, email: email ?? null, id: userId ?? null },
    server: {
      ...server,
      address: spec ? `${spec.address.includes(':') ? `[${spec.address}]` : spec.address}:${spec.port}` : null,
      routable: (fleet.standing(server.instance)?.routable ?? 'no') !== 'no',
    },
    units: requirement.units,
    permissions: isOver || environment.steps.grants === 'none' ? [] : [...granted],
    ...{ author, reason, code: environment.code || null, why: environment.why || null },
    created_at: isoTime(environment.createdAt),
    updated_at: isoTime(environment.updatedAt),
    expires_at: environment.expiresAt === undefined ? null : isoTime(environment.expiresAt),
  }
}
