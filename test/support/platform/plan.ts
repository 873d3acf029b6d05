import { freePorts } from '../ports.ts'

/** One instance of a service of the platform. */
export type PlatformServer = { readonly name: string; readonly instance: string; readonly port: number }

export type Host = {
  readonly cluster: 'zervigo' | 'looma'
  readonly site: string
  readonly servers: readonly PlatformServer[]
}

/** Services and how many instances of each there are; banner-service-next and the AI service are not there. */
const hosts = [
  {
    cluster: 'zervigo',
    site: 'alibaba',
    services: {
      'api-gateway': 1,
      'zervi-auth': 1,
      'user-service': 1,
      'resume-service': 1,
      'company-service': 1,
      'notification-service': 1,
      'template-service': 1,
      'statistics-service': 1,
      'banner-service': 1,
      'dev-team-service': 1,
      'job-service': 2,
      'basic-server-1': 1,
      'basic-server-2': 1,
      'acme-responder': 1,
    },
  },
  {
    cluster: 'looma',
    site: 'tencent',
    services: { 'looma-api-gateway': 1, 'looma-crm': 2, 'looma-user-api': 1, 'looma-ai-chat': 2 },
  },
] as const

/** The hosts of the platform with a port for each instance. */
export async function planHosts(): Promise<readonly Host[]> {
  return Promise.all(
    hosts.map(async ({ cluster, site, services }) => {
      const names = Object.entries(services).flatMap(([name, count]) =>
        Array.from({ length: count }, (_, index) => ({ name, instance: `${name}-${index + 1}` })),
      )
      const ports = await freePorts(names.length)
      return { cluster, site, servers: names.map((each, index) => ({ ...each, port: ports[index] ?? 0 })) }
    }),
  )
}
