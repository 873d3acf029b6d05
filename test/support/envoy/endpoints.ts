import * as z from 'zod/mini'

const Clusters = z.object({
  cluster_statuses: z.optional(
    z.array(
      z.object({
        host_statuses: z.optional(
          z.array(
            z.object({
              address: z.object({ socket_address: z.object({ address: z.string(), port_value: z.number() }) }),
              weight: z.optional(z.number()),
              priority: z.optional(z.number()),
            }),
          ),
        ),
      }),
    ),
  ),
})

export type EnvoyEndpoint = {
  readonly address: string
  readonly port: number
  readonly weight: number
  readonly priority: number
}

/** The endpoints that Envoy itself has, of all its clusters, by the answer of its admin page to `/clusters?format=json`. */
export function endpointsOn(page: unknown): readonly EnvoyEndpoint[] {
  const hosts = (z.parse(Clusters, page).cluster_statuses ?? []).flatMap(({ host_statuses }) => host_statuses ?? [])
  return hosts.map(({ address: { socket_address: at }, weight = 1, priority = 0 }) => {
    return { address: at.address, port: at.port_value, weight, priority }
  })
}
