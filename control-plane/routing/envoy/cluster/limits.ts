import type { Json } from '../json.ts'

/** Envoy's own limits are 1024 requests at once for a whole service. */
const roomy = 65_536

/** Requests wait here also while a connection is made for them: fewer would refuse what comes at once although instances are free. */
const leastWaiting = 64

/**
 * How much may be under way.
 * @param maxConnections to one instance at once. Envoy sends a request to an instance whether it has one free or not: as many may wait,
 *   64 at least, and more are answered at once
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
