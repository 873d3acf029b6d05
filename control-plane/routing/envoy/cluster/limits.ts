import type { Json } from '../json.ts'

/** Envoy's own limits are 1024 requests at once for a whole service. */
const roomy = 65_536

/**
 * Envoy chooses an instance first and looks for a connection then, so that a request waits for an instance that has none free although
 * others do; it waits as well while a connection is made for it. With fewer places some that could be served would be refused.
 */
const leastWaiting = 8

/**
 * How much may be under way.
 * @param maxConnections to one instance at once; as many requests of the service may wait, 8 at least, and more are answered 503 at once
 */
export function circuitBreakers(maxConnections: number | undefined): Json {
  return {
    thresholds: [
      {
        max_connections: roomy,
        max_pending_requests: Math.max(leastWaiting, maxConnections ?? roomy),
        max_requests: roomy,
        // A dead instance needs as many retries as there are requests, but a dead service must not be asked ever more.
        retry_budget: { budget_percent: { value: 100 }, min_retry_concurrency: 100 },
      },
    ],
    ...(maxConnections === undefined ? {} : { per_host_thresholds: [{ max_connections: maxConnections }] }),
  }
}
