import { fileNamePart, gatewayFilePrefix, identifier, nginxId, nginxVariable } from '#shared/protocol/gateway-names.ts'

/** The names that a gateway's files use, all of them with Heddle's prefix, so that they meet no name of others. */
export type Names = {
  readonly listenersFile: string
  readonly serviceFile: (service: string) => string
  readonly upstream: (service: string) => string
  /** A variable, without its sign. */
  readonly variable: (purpose: string) => string
  readonly logFormat: string
  /** What the agent that checks tokens is called as an upstream. */
  readonly authorizer: string
  /** Memory that a rate is counted in. It outlives reloads, so another kind of key must have another name. */
  readonly rateZone: (of: 'route' | 'client', name: string, by: 'route' | 'address') => string
  readonly tlsSessions: string
  /** A location that only the gateway itself leads to: no path of a client begins without a slash, or with two. */
  readonly place: (id: string) => string
  /** A location that takes over where the gateway answers itself. */
  readonly named: (id: string) => string
}

const mostServiceLength = 40

export function namesFor(gateway: string): Names {
  const id = nginxId(gateway)
  const files = gatewayFilePrefix(gateway)
  return {
    listenersFile: `${files}listeners.conf`,
    serviceFile: (service) => `${files}service-${fileNamePart(service)}.conf`,
    upstream: (service) => `heddle_${id}__${identifier(service, mostServiceLength)}`,
    variable: (purpose) => nginxVariable(gateway, purpose),
    logFormat: `heddle_${id}_json`,
    authorizer: `heddle_${id}_authorizer`,
    rateZone: (of, name, by) => `heddle_${id}_${of}_by_${by}__${identifier(name, mostServiceLength)}`,
    tlsSessions: `heddle_${id}_tls`,
    place: (place) => `heddle-${place}`,
    named: (place) => `@heddle_${id}_${place.replaceAll('-', '_')}`,
  }
}
