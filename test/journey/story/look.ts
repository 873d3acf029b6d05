import * as z from 'zod/mini'
import type { InstanceView } from '#shared/protocol/api.ts'
import type { ConsulServer } from '#test/support/consul.ts'
import { endpointsOn } from '#test/support/envoy/endpoints.ts'
import type { EnvoyServer } from '#test/support/envoy.ts'
import type { Landscape } from '#test/support/landscape/landscape.ts'
import { waitFor } from '#test/support/wait.ts'

export type ConsulStatus = 'passing' | 'warning' | 'critical' | 'absent'

const Checks = z.array(z.object({ CheckID: z.string(), ServiceID: z.string(), Status: z.string(), Output: z.string() }))

/** What a Consul says of an instance by our own check on it. */
export async function inConsul(consul: ConsulServer, { id, service }: InstanceView): Promise<ConsulStatus> {
  const checks = z.parse(Checks, await consul.request('GET', `/v1/health/checks/${service}`))
  const ours = checks.find(({ CheckID }) => CheckID === `heddle:${id}`)
  return (ours?.Status as ConsulStatus | undefined) ?? 'absent'
}

/** Whether Envoy itself has an endpoint at this address and port. */
export async function inEnvoy(
  { adminUrl }: Pick<EnvoyServer, 'adminUrl'>,
  { address: host, port }: InstanceView,
): Promise<boolean> {
  const response = await fetch(`${adminUrl}/clusters?format=json`, { signal: AbortSignal.timeout(5_000) })
  return endpointsOn(await response.json()).some((at) => at.address === host && at.port === port)
}

/** What a sink has proven of an instance: shown, absent, different or unknown. */
export async function inSink({ view }: Landscape, sink: string, id: string): Promise<string> {
  const { stages } = await view.explain(id)
  const stage = stages.find((each) => each.stage === `sink:${sink}`)
  return stage?.text.split(':')[0] ?? 'unknown'
}

/** The instance of a member, as the plane knows it. */
export async function instanceOf({ view }: Landscape, name: string): Promise<InstanceView> {
  const found = (await view.instances()).find((each) => each.name === name)
  if (!found) throw new Error(`the plane does not know ${name}`)
  return found
}

/** After how many milliseconds an instance was seen in, or out of, each sink; undefined: there is no such sink. */
export type Arrivals = {
  readonly envoy: number
  readonly fileEnvoy: number | undefined
  readonly nginx: number
  readonly zervigo: number
  readonly looma: number
}

/** Waits until an instance is in (or out of) every sink, and says after how many milliseconds each was seen so. */
export async function everywhere(
  landscape: Landscape,
  instance: InstanceView,
  wanted: 'in' | 'out',
  withinMs: number,
): Promise<Arrivals> {
  const start = performance.now()
  const { envoy, fileEnvoyAdmin: adminUrl, zervigo, looma } = landscape
  const status = wanted === 'in' ? 'passing' : 'critical'
  const time = async (what: string, look: () => Promise<boolean>) => {
    await waitFor(look, { what: `${instance.id} ${wanted} ${what}`, withinMs, everyMs: 5 })
    return performance.now() - start
  }
  const [inEnvoyAfter, inFileEnvoyAfter, inNginxAfter, inZervigoAfter, inLoomaAfter] = await Promise.all([
    time('Envoy', async () => (await inEnvoy(envoy, instance)) === (wanted === 'in')),
    adminUrl === undefined
      ? undefined
      : time('Envoy by files', async () => (await inEnvoy({ adminUrl }, instance)) === (wanted === 'in')),
    time('Nginx', async () => {
      const state = await inSink(landscape, 'nginx:edge-nginx', instance.id)
      return state === (wanted === 'in' ? 'shown' : 'absent')
    }),
    time('zervigo-dc', async () => (await inConsul(zervigo, instance)) === status),
    time('looma-dc', async () => (await inConsul(looma, instance)) === status),
  ])
  return {
    envoy: inEnvoyAfter,
    fileEnvoy: inFileEnvoyAfter,
    nginx: inNginxAfter,
    zervigo: inZervigoAfter,
    looma: inLoomaAfter,
  }
}
