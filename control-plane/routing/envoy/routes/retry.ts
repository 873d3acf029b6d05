import type { Match } from '../../table.ts'
import { type Json, typed } from '../json.ts'
import { requestMatcher, withMethods } from './match.ts'

const idempotent = ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'PUT']

/** One of the routes of Envoy's that one of ours becomes. */
export type Attempted = { readonly match: Json; readonly retries: Json }

/**
 * A route is two of Envoy's if it retries: a request that may have been acted upon must not be sent again, and only the method says so.
 * @param retries undefined: none
 */
export function attempted(match: Match, retries: number): readonly Attempted[] {
  const { methods } = match
  const matcher = requestMatcher(match)
  if (retries === 0) return [{ match: methods.length === 0 ? matcher : withMethods(matcher, methods), retries: {} }]
  const again = retryPolicy('connect-failure,refused-stream,reset', retries)
  const untouched = retryPolicy('connect-failure,refused-stream,reset-before-request', retries)
  if (methods.length === 0) {
    return [
      { match: withMethods(matcher, idempotent), retries: again },
      { match: matcher, retries: untouched },
    ]
  }
  const some = (wanted: readonly string[], policy: Json) =>
    wanted.length === 0 ? [] : [{ match: withMethods(matcher, wanted), retries: policy }]
  return [
    ...some(
      methods.filter((method) => idempotent.includes(method)),
      again,
    ),
    ...some(
      methods.filter((method) => !idempotent.includes(method)),
      untouched,
    ),
  ]
}

function retryPolicy(retry_on: string, retries: number): Json {
  return {
    retry_policy: {
      retry_on,
      num_retries: retries,
      retry_host_predicate: [
        {
          name: 'envoy.retry_host_predicates.previous_hosts',
          typed_config: typed('extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate'),
        },
      ],
      // The last attempt goes to those who stand by, if there are any: a level may be dead as a whole.
      retry_priority: {
        name: 'envoy.retry_priorities.previous_priorities',
        typed_config: typed('extensions.retry.priority.previous_priorities.v3.PreviousPrioritiesConfig', {
          update_frequency: retries,
        }),
      },
      // A dead instance has no request under way, so least_request picks it two times out of three: few attempts would end on it again.
      host_selection_retry_max_attempts: 30,
      retry_back_off: { base_interval: '0.001s', max_interval: '0.010s' },
    },
  }
}
