import * as z from 'zod/mini'
import { type Locality, nearnesses } from '../table/locality.ts'
import type { Authenticator, Source } from '../table.ts'
import type { ServicePolicy } from './declaration.ts'
import { type AuthenticatorPart, ServicePart } from './schema.ts'

/** After so many failures in a row an instance is left out for so long, where nothing else is said. */
const usualEjection = { failures: 3, forMs: 5_000 }

const usualLocality: Locality = { order: nearnesses, leastPercent: 30, returnAfterMs: 30_000 }

export function toServicePolicy(part: ServicePart): ServicePolicy {
  const { outlier_ejection: ejection, locality } = part
  return {
    balance: part.balance,
    connectTimeoutMs: part.connect_timeout,
    ejection:
      typeof ejection === 'boolean'
        ? ejection
          ? usualEjection
          : undefined
        : { failures: ejection.failures, forMs: ejection.for },
    idleTimeoutMs: part.idle_timeout,
    maxConnections: part.max_connections,
    slowStartMs: part.slow_start,
    tls: part.tls,
    cluster: part.cluster,
    ...(part.dynamic_weights ? { dynamicWeights: true } : {}),
    ...(part.panic_threshold === 0 ? {} : { panicPercent: part.panic_threshold }),
    ...(locality === false ? {} : { locality: locality === true ? usualLocality : localityOf(locality) }),
  }
}

function localityOf({ order, fail_over_below, return_after }: Exclude<ServicePart['locality'], boolean>): Locality {
  return { order, leastPercent: fail_over_below, returnAfterMs: return_after }
}

/** What a service gets that nobody declared. */
export const defaultPolicy: ServicePolicy = toServicePolicy(z.parse(ServicePart, {}))

export function toAuthenticator(name: string, { jwt, external }: AuthenticatorPart, source: Source): Authenticator {
  if (jwt !== undefined) {
    const { issuer, audiences, keys, permissions_claim } = jwt
    const { service, path, refresh } = keys
    const from = { service, path, refreshMs: refresh }
    return { kind: 'jwt', name, source, issuer, audiences, keys: from, permissionsClaim: permissions_claim }
  }
  // The schema has seen that there is one of both.
  const { service, path, timeout, cache, permissions_claim } = external as NonNullable<typeof external>
  const times = { timeoutMs: timeout, cacheMs: cache }
  return { kind: 'external', name, source, service, path, ...times, permissionsClaim: permissions_claim }
}
