import { metricsEveryMs } from '#shared/protocol/messages.ts'
import type { ServiceConfig } from '../checks/config.ts'
import type { InstancePlan } from '../checks/instances.ts'

/** A metrics page that is read again and again. */
export type PagePlan = {
  readonly instance: string
  readonly address: string
  readonly port: number
  readonly path: string
  readonly tls: boolean
  /** The Host header, where it is not address and port. */
  readonly host?: string
  readonly everyMs: number
  readonly timeoutMs: number
  readonly keep: readonly string[]
  /** Whether it is configured, and so expected to be there. */
  readonly expected: boolean
}

const mostTimeoutMs = 1_000

/**
 * The metrics pages of configured services. One that is not spoken of is asked for `/metrics` if it is checked over HTTP: what speaks
 * another protocol may take a request for an attack.
 * @param plans what became of the services, in the same order
 */
export function pagesOf(services: readonly ServiceConfig[], plans: readonly InstancePlan[]): readonly PagePlan[] {
  return services.flatMap((service, n) => {
    const plan = plans[n]
    return plan === undefined ? [] : pageOf(service, plan)
  })
}

function pageOf({ metrics }: ServiceConfig, { spec, checks }: InstancePlan): readonly PagePlan[] {
  const http = checks.map(({ probe }) => probe).find((probe) => probe.kind === 'http')
  if (metrics === false || (metrics === undefined && http === undefined)) return []
  const port = metrics?.port ?? http?.port ?? spec.port
  // Within half of the time of a check, so that one on a server that does one thing at a time still has its answer.
  const timeoutMs = Math.min(mostTimeoutMs, ...checks.map(({ probe }) => probe.timeoutMs / 2))
  // A port of its own may speak otherwise than the one that is checked.
  const same = http !== undefined && http.port === port
  return [
    {
      instance: spec.id,
      address: spec.address,
      port,
      path: metrics?.path ?? '/metrics',
      tls: same && http.tls === true,
      ...(same && http.host !== undefined ? { host: http.host } : {}),
      everyMs: metrics?.interval ?? metricsEveryMs,
      timeoutMs,
      keep: metrics?.keep ?? [],
      expected: metrics !== undefined,
    },
  ]
}
