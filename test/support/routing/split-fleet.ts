import type { Change } from '#control-plane/fleet/event.ts'
import { reason } from '#shared/protocol/reason.ts'

/** A service `crm` and its new version `crm-next`, an instance each, that can be called. */
export const splitFleet: readonly Change[] = ['crm', 'crm-next'].flatMap((service, index): readonly Change[] => {
  const spec = { id: service, service, address: '127.0.0.1', port: index + 1, tags: [], metadata: {}, checks: [] }
  return [
    { kind: 'registered', instance: service, node: 'n', origin: 'client', spec },
    { kind: 'judged', instance: service, health: 'passing', reason: reason('ok') },
  ]
})

/** A declaration that splits it. */
export const splitText = `gateways:
  a: { proxy: envoy, listeners: [{ port: 1 }] }
splits:
  crm: { canary: { service: crm-next }, cohort: { x-canary: "yes" }, by: { header: x-user-id }, steps: [cohort, 10%, 100%] }
routes: [{ prefix: /x, service: crm, path: keep }]
`
