import { probeKinds } from '#shared/protocol/check.ts'
import { desiredKeys } from '#shared/protocol/desired-keys.ts'
import type { Hello } from '#shared/protocol/messages.ts'
import type { Identity } from '../identity/identity.ts'

/** Who the agent says it is. */
export type Introduction = {
  readonly identity: Identity
  readonly version: string
  readonly name: string
  readonly site: string
  readonly cluster: string | undefined
  readonly address: string
  readonly gateways: readonly { readonly name: string; readonly proxy: 'nginx' | 'envoy' }[]
  readonly envoys?: readonly { readonly gateway: string }[]
  readonly authorizers?: readonly { readonly gateway: string }[]
}

export function helloOf({
  identity,
  version,
  name,
  site,
  cluster,
  address,
  gateways,
  envoys = [],
  authorizers = [],
}: Introduction): Hello {
  return {
    type: 'hello',
    node: identity.node,
    machine: identity.machine,
    incarnation: identity.incarnation,
    version,
    name,
    site,
    ...(cluster === undefined ? {} : { cluster }),
    address,
    probes: [...probeKinds],
    takes: [...desiredKeys],
    ...(gateways.length > 0 ? { gateways: gateways.map(({ name, proxy }) => ({ gateway: name, proxy })) } : {}),
    ...(envoys.length > 0 ? { envoys: [...new Set(envoys.map(({ gateway }) => gateway))] } : {}),
    ...(authorizers.length > 0 ? { authorizers: authorizers.map(({ gateway }) => gateway) } : {}),
  }
}
