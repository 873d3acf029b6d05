import * as z from 'zod/mini'
import { boundsOf, outsideText, Scope } from '#shared/identity/scope.ts'
import { hostileJson } from '../inputs/hostile-json.ts'
import { promise, same } from '../inputs/promises.ts'
import { targetOf } from '../play/target.ts'

const scope = {
  v: 1,
  site: '上海',
  tenant: 'customer',
  services: ['crm-*', '*a*b*c*', 'basic-server'],
  ranges: ['10.0.0.0/8', '2001:db8::/32', '::ffff:192.168.0.0/112'],
  gateways: ['edge*'],
  quotas: { instances: 10, metrics: 100 },
  enrolment: 1,
}
const said = { scope, service: 'crm-aaaaaaaaaaaaaaaaaaaaaaab', address: '10.1.2.3', gateway: 'edge-1', site: '上海' }
const Said = z.object({ scope: Scope, service: z.string(), address: z.string(), gateway: z.string(), site: z.string() })

/** Scopes as a certificate may carry them, and what is said within them. */
export const target = targetOf({
  arbitrary: hostileJson([said, { ...said, address: '::ffff:10.1.2.3' }, { ...said, address: 'crm.local' }]),
  run: (text) => {
    const read = z.safeParse(Said, parsed(text))
    if (!read.success) return 'refused'
    const { scope: within, service, address, gateway, site } = read.data
    const written = JSON.stringify(within)
    same(JSON.stringify(z.parse(Scope, JSON.parse(written))), written, 'read once more')
    const bounds = boundsOf(within)
    const outside = [bounds.instance({ service, address }), bounds.gateway(gateway), bounds.site(site)]
    for (const each of outside) if (each) promise(outsideText(each).length < 100_000, 'told at length')
    return outside.every((each) => each === undefined) ? 'taken' : 'refused'
  },
})

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
