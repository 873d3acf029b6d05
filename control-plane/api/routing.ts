import { type Request, Router } from 'express'
import type { Problem } from '#shared/config/problem.ts'
import {
  AbortRequest,
  type AppliedView,
  ApplyRequest,
  type DeclarationView,
  DiffQuery,
  type DiffView,
  type PlaceView,
  PlanRequest,
  type PlanView,
  RollbackVersionRequest,
  VersionsQuery,
} from '#shared/protocol/routing-api.ts'
import type { FleetView } from '../fleet/fleet.ts'
import { parseDeclaration } from '../routing/declaration/parse.ts'
import type { Routing } from '../routing/start.ts'
import type { ProposalOutcome } from '../routing/versions/keep-versions.ts'
import { planOf } from '../routing/versions/plan.ts'
import type { Proposal } from '../routing/versions/proposal.ts'
import { unrenderable } from '../routing/versions/renderable.ts'
import type { Version, WholeVersion } from '../routing/versions/version.ts'
import { notKnown, Refusal, readBody, readQuery } from './problem.ts'
import { changesView, planView, routesView, routingView, versionView, wholeVersionView } from './routing-views.ts'
import { isConditional, sendContent, sendVersioned } from './version.ts'
import { isoTime } from './views.ts'

export type RoutingParts = {
  readonly fleet: FleetView
  readonly routing: Pick<
    Routing,
    'versions' | 'splits' | 'traffic' | 'frames' | 'tableFor' | 'problems' | 'seen' | 'explainRoute'
  >
  /** The watched folder or file of the declaration, if there is one. */
  readonly folder: string | undefined
  readonly now: () => number
}

const usualErrorPercent = 5
const firstVersion = 'Make the first one: `heddle apply <folder> --comment <text>`.'

/** The declaration of routes: what a change would do, making it, its versions, and the way back. */
export function routingRouter({ fleet, routing, folder, now }: RoutingParts): Router {
  const router = Router()
  const { versions } = routing
  const about = () => ({ fleet, traffic: routing.traffic, now: now() })
  const tag = () => `"${versions.current?.number ?? 0}"`

  router.get('/routing', (request, response) => {
    sendContent(request, response, routingView(routing, folder))
  })

  router.get('/routing/declaration', (request, response) => {
    const held = versions.current
    if (!held) throw new Refusal(404, 'No version of the declaration holds yet.', { remedy: firstVersion })
    const { number, author, comment, at } = held
    const files = held.files.map(({ file, text }) => ({ file, text }))
    const view: DeclarationView = { number, author, comment, at: isoTime(at), files }
    sendVersioned(request, response, tag(), view)
  })

  router.post('/routing/plan', (request, response) => {
    const { files } = readBody(PlanRequest, request.body)
    const { declaration, problems } = parseDeclaration(files)
    const found = declaration ? unrenderable(declaration) : problems
    const base = versions.current
    const plan: PlanView =
      declaration && found.length === 0
        ? planView(planOf(base?.declaration, declaration, about()), base?.number ?? null, routing)
        : { ...nothing, valid: false, problems: found.map(placeView), base: base?.number ?? null }
    response.set('ETag', tag()).json(plan)
  })

  router.get('/routing/versions', async (request, response) => {
    const page = readQuery(VersionsQuery, request.query)
    const found = await versions.list({ before: page.before, limit: page.limit })
    response.json(found.map((version) => versionView(version, routing)))
  })

  router.get('/routing/versions/:number', async (request, response) => {
    response.json(wholeVersionView(await named(request.params.number), routing))
  })

  router.post('/routing/versions', async (request, response) => {
    const { files, comment, by, ...way } = readBody(ApplyRequest, request.body)
    const proposal = { author: by, comment, source: 'api' as const, restores: null, files, ...wayOf(way) }
    const ifVersion = conditionOf(request)
    response.json(applied(await versions.propose({ ...proposal, ifVersion }), ifVersion))
  })

  router.post('/routing/rollback', async (request, response) => {
    const { to, comment, by, ...way } = readBody(RollbackVersionRequest, request.body)
    const { files } = await named(String(to))
    const proposal = { author: by, comment, source: 'api' as const, restores: to, files, ...wayOf(way) }
    const ifVersion = conditionOf(request)
    response.json(applied(await versions.propose({ ...proposal, ifVersion }), ifVersion))
  })

  router.post('/routing/abort', async (request, response) => {
    const { by, reason } = readBody(AbortRequest, request.body)
    const aborted = await versions.abort(by, reason)
    if (!aborted) throw new Refusal(409, 'No version is on its way.', { code: 'NOTHING_UNDERWAY' })
    const view: AppliedView = { changed: true, version: versionView(aborted, routing) }
    response.json(view)
  })

  router.get('/routing/diff', async (request, response) => {
    const query = readQuery(DiffQuery, request.query)
    const after = query.to === undefined ? versions.current : await named(String(query.to))
    if (!after) throw new Refusal(404, 'No version of the declaration holds yet.', { remedy: firstVersion })
    const from = query.from ?? after.former
    const before = from === null ? undefined : await named(String(from))
    const { changes } = planOf(before && readable(before), readable(after), about())
    const view: DiffView = { from, to: after.number, changes: changesView(changes, routing) }
    response.json(view)
  })

  router.get('/routing/gateways/:name/routes', (request, response) => {
    const { name } = request.params
    const table = routing.tableFor(name)
    if (table) response.json(routesView(table, routing))
    else if (routing.frames().has(name)) throw new Refusal(503, `Nothing is published for gateway ${name} yet.`)
    else throw notKnown(`There is no gateway ${name}.`, 'routes')
  })

  router.get('/routing/routes/:name/explain', (request, response) => {
    sendContent(request, response, routing.explainRoute(request.params.name))
  })

  const named = async (text: string): Promise<WholeVersion> => {
    const found = /^[1-9]\d{0,8}$/.test(text) ? await versions.find(Number(text)) : undefined
    if (!found)
      throw notKnown(`There is no version ${text.slice(0, 20)} of the declaration, or not any more.`, 'history')
    return found
  }

  /** The version that the caller made its change for; undefined: it did not say. */
  const conditionOf = (request: Request): number | undefined => {
    const present = () => bothStates(request.get('if-match') ?? '', versions.current)
    return isConditional(request, tag(), present) ? (versions.current?.number ?? 0) : undefined
  }

  const bothStates = (madeFor: string, holds: Version | undefined) => {
    return { made_for: madeFor, holds: holds ? versionView(holds, routing) : null }
  }

  const applied = (outcome: ProposalOutcome, madeFor: number | undefined): AppliedView => {
    switch (outcome.kind) {
      case 'made':
      case 'unchanged':
        return { changed: outcome.kind === 'made', version: versionView(outcome.version, routing) }
      case 'bad':
        throw new Refusal(400, `The declaration has ${outcome.problems.length} problem(s).`, {
          code: 'DECLARATION_INVALID',
          remedy: 'Correct the places named; nothing was changed.',
          problems: outcome.problems.map(fieldOf),
        })
      case 'no-stages':
        throw new Refusal(400, outcome.problem, { problems: [{ field: 'stages', message: outcome.problem }] })
      case 'underway': {
        const { number, author, comment } = outcome.staged
        throw new Refusal(409, `Version ${number} of ${author} ("${comment}") is on its way.`, {
          code: 'APPLY_UNDERWAY',
          remedy: 'Wait for it, or take it back with `heddle apply --abort`.',
          current: bothStates(madeFor === undefined ? '' : `"${madeFor}"`, outcome.staged),
        })
      }
      case 'overtaken':
        throw new Refusal(412, 'It has changed since it was read.', {
          code: 'VERSION_CHANGED',
          remedy: 'Look at `current`, decide again, and send its ETag in If-Match.',
          current: bothStates(`"${madeFor}"`, outcome.current),
        })
    }
  }

  return router
}

const nothing = { changes: [], radius: { gateways: [], routes: 0, instances: [], requests: null } }

type Way = Omit<ApplyRequest, 'files' | 'comment' | 'by'>

function wayOf(way: Way): Pick<Proposal, 'stages' | 'withinMs' | 'soakMs' | 'bounds' | 'gated' | 'unproven'> {
  const { stages, within_ms: withinMs, soak_ms: soakMs, most_error_percent, most_latency_ms, unproven } = way
  const gated = most_error_percent !== undefined || most_latency_ms !== undefined
  const bounds = {
    errorPercent: most_error_percent ?? usualErrorPercent,
    latencyMs: most_latency_ms,
    leastRequests: way.least_requests,
  }
  return { stages, withinMs, soakMs, bounds, gated, unproven }
}

function placeView({ file, line, path, message }: Problem): PlaceView {
  return { file, ...(line === undefined ? {} : { line }), path, message }
}

function fieldOf({ file, line, path, message }: Problem): { readonly field: string; readonly message: string } {
  const place = line === undefined ? file : `${file}:${line}`
  return { field: path === '' ? place : `${place} ${path}`, message }
}

/** What was once applied, read again. Throws a 409 refusal if this Heddle asks for more than that one did. */
function readable({ number, files }: WholeVersion) {
  const { declaration, problems } = parseDeclaration(files)
  if (declaration) return declaration
  throw new Refusal(409, `Version ${number} cannot be read any more.`, { problems: problems.map(fieldOf) })
}
