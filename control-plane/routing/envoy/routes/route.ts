import { cannotCheck } from '../../answers.ts'
import type { Action, Route, RouteTable } from '../../table.ts'
import { anyBodySize } from '../filters/body-size.ts'
import { rateMetadata } from '../filters/rate-limit.ts'
import { headerFields } from '../headers.ts'
import type { Json } from '../json.ts'
import { answerFields } from './answer.ts'
import { forwardAction } from './forward.ts'
import { filtersOfRoute } from './policy.ts'
import { redirectAction } from './redirect.ts'
import { type Attempted, attempted } from './retry.ts'

/** What becomes of a route in Envoy: one of its routes for each way of attempting it, those of a split's cohort first. */
export function envoyRoutes(
  route: Route,
  table: Pick<RouteTable, 'gateway' | 'authenticators'>,
  usualSize: number | undefined,
): readonly Json[] {
  const ofCohort = cohortRoute(route)
  return [...(ofCohort ? [ofCohort] : []), route].flatMap((each) => routesFor(each, table, usualSize))
}

/** The route as the cohort has it: it looks at more headers, and leads to the canary alone. */
function cohortRoute(route: Route): Route | undefined {
  const { action, match } = route
  if (action.kind !== 'forward' || action.split?.cohort === undefined) return undefined
  const { canary, cohort } = action.split
  const choices = [{ service: canary, weight: 1000 }]
  return {
    ...route,
    match: { ...match, headers: [...match.headers, ...cohort] },
    action: { ...action, choices },
  }
}

function routesFor(
  route: Route,
  table: Pick<RouteTable, 'gateway' | 'authenticators'>,
  usualSize: number | undefined,
): readonly Json[] {
  const { name, match, action, policy } = route
  const act = actionOf(route)
  const filters = filtersOfRoute(policy, table, usualSize)
  // What cannot be done as it was asked for is not done at all.
  if (!act || !filters) {
    return attempted(match, 0).map((each) => ({
      name,
      match: each.match,
      ...answerFields(cannotCheck),
      typed_per_filter_config: anyBodySize,
      stat_prefix: name,
    }))
  }
  return attempted(match, action.kind === 'forward' ? action.retries : 0).map((attempt) => ({
    name,
    match: attempt.match,
    ...act(attempt),
    ...rateMetadata(route),
    ...headers(route),
    ...(Object.keys(filters).length === 0 ? {} : { typed_per_filter_config: filters }),
    stat_prefix: name,
  }))
}

/** undefined: Envoy cannot do it. */
function actionOf({ action, match }: Route): ((attempt: Attempted) => Json) | undefined {
  switch (action.kind) {
    case 'forward': {
      const forward = forwardAction(action, match)
      return forward && (({ retries }) => ({ route: { ...forward, ...retries } }))
    }
    case 'redirect':
      return () => ({ redirect: redirectAction(action) })
    case 'answer':
      return () => answerFields(action)
  }
}

function headers({ action, policy: { requestHeaders, responseHeaders } }: Route): Json {
  const request = headerFields(requestHeaders, 'request')
  const response = headerFields(responseHeaders, 'response')
  return { ...request, ...response, ...ofAnswer(action, response) }
}

/** An answer has a header of its own: rules come after it. */
function ofAnswer(action: Action, { response_headers_to_add: more = [] }: Json): Json {
  if (action.kind !== 'answer') return {}
  const { response_headers_to_add: own = [] } = answerFields(action)
  return { response_headers_to_add: [...list(own), ...list(more)] }
}

function list(value: Json[string]): readonly Json[string][] {
  return Array.isArray(value) ? value : []
}
