import type { Ejection } from '../../table/service.ts'
import { type Json, seconds } from '../json.ts'

/**
 * Ejects an instance that cannot be reached (refused, reset, no answer) or answers 502 to 504 several times in a row. A server's own 500
 * is an answer. At most half of a service is ejected, so a single instance never is: calling it is better than calling nobody.
 */
export function outlierDetection({ failures, forMs }: Ejection): Json {
  return {
    // Envoy counts what it did not get an answer to as 503 and 504. Apart from answers it would begin anew with each connection that opens,
    // so that an instance which resets every request would never be ejected.
    consecutive_gateway_failure: failures,
    enforcing_consecutive_gateway_failure: 100,
    enforcing_consecutive_5xx: 0,
    enforcing_success_rate: 0,
    interval: '1s',
    base_ejection_time: seconds(forMs),
    // Always for as long as was said, not longer each time.
    max_ejection_time: seconds(forMs),
    max_ejection_percent: 50,
  }
}
