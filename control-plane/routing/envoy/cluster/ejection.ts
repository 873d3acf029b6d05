import type { Ejection } from '../../table/service.ts'
import { type Json, seconds } from '../json.ts'

/**
 * Ejects an instance that cannot be reached (refused, reset, no answer) or answers 502 to 504 several times in a row. A server's own 500
 * is an answer. At most half of a service is ejected, so a single instance never is: calling it is better than calling nobody.
 */
export function outlierDetection({ failures, forMs }: Ejection): Json {
  return {
    split_external_local_origin_errors: true,
    consecutive_local_origin_failure: failures,
    enforcing_consecutive_local_origin_failure: 100,
    consecutive_gateway_failure: failures,
    enforcing_consecutive_gateway_failure: 100,
    enforcing_consecutive_5xx: 0,
    enforcing_success_rate: 0,
    enforcing_local_origin_success_rate: 0,
    interval: '1s',
    base_ejection_time: seconds(forMs),
    // Always for as long as was said, not longer each time.
    max_ejection_time: seconds(forMs),
    max_ejection_percent: 50,
  }
}
