import { setTimeout } from 'node:timers/promises'
import type { InstanceView } from '#shared/protocol/api.ts'
import type { ConsulServer } from '#test/support/consul.ts'
import type { Landscape } from '#test/support/landscape/landscape.ts'
import { waitFor } from '#test/support/wait.ts'

/** When an instance was taken out, and when each sink had done so. All in epoch milliseconds. */
export type Death = {
  readonly port: number
  readonly at: number
  readonly zervigo: number
  readonly looma: number
  /** When the proxies' sinks had proven it. */
  readonly envoyProof: number
  readonly nginxProof: number
  /** Until when attempts on its port count as attempts on the dead one. */
  readonly until: number
}

/** The plane says when something was proven, so looking late costs nothing, while looking early delays what is timed. */
const lookAfterMs = 250

/** Epoch milliseconds with fractions. */
export function now(): number {
  return performance.timeOrigin + performance.now()
}

/** Resolves with the moment at which a Consul says that this instance is critical, as a blocking query tells it. */
export async function criticalIn(
  consul: ConsulServer,
  { id, service }: InstanceView,
  stop: AbortSignal,
): Promise<number> {
  for (let index = '0'; ; ) {
    const response = await fetch(`${consul.url}/v1/health/checks/${service}?index=${index}&wait=30s`, { signal: stop })
    const seenAt = now()
    index = response.headers.get('x-consul-index') ?? '0'
    const checks: readonly { CheckID: string; Status: string }[] = JSON.parse(await response.text())
    if (checks.some(({ CheckID, Status }) => CheckID === `heddle:${id}` && Status === 'critical')) return seenAt
  }
}

/**
 * Resolves with the moment at which a proxy's sink, by its own word and clock, had proven a revision of the fleet in which the instance is
 * critical: the Envoy has acknowledged it, the Nginx serves it and no older worker is left.
 */
async function provenOut({ view }: Landscape, sink: string, id: string): Promise<number> {
  await setTimeout(lookAfterMs)
  const critical = await waitFor(async () => (await view.instances()).find((each) => each.id === id), {
    what: `${id} critical`,
    withinMs: 60_000,
    everyMs: 50,
    until: (instance) => instance?.health === 'critical',
  })
  const revision = critical?.revision ?? Number.POSITIVE_INFINITY
  const proven = await waitFor(
    async () => (await view.status()).sinks.find(({ name }) => name === sink)?.proven ?? undefined,
    { what: `${id} out of ${sink}`, withinMs: 60_000, everyMs: 50, until: (seen) => (seen?.revision ?? 0) >= revision },
  )
  return Date.parse(proven?.at ?? '')
}

/** Takes an instance out by `act`, and waits until every sink shows it. */
export async function takeOut(
  landscape: Landscape,
  instance: InstanceView,
  act: () => void | Promise<void>,
): Promise<Omit<Death, 'until'>> {
  const stop = AbortSignal.timeout(60_000)
  const watching = [criticalIn(landscape.zervigo, instance, stop), criticalIn(landscape.looma, instance, stop)] as const
  const at = now()
  await act()
  const [zervigo, looma, envoyProof, nginxProof] = await Promise.all([
    ...watching,
    provenOut(landscape, 'envoy:edge', instance.id),
    provenOut(landscape, 'nginx:edge-nginx', instance.id),
  ])
  return { port: instance.port, at, zervigo, looma, envoyProof, nginxProof }
}
