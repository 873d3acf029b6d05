import fc from 'fast-check'
import type { Contact, Death } from '#control-plane/fleet/belief.ts'
import { healths } from '#shared/protocol/check.ts'

// Few ids, so that events meet; texts of any kind, so that nothing depends on their letters.

export const nodeIds = ['n-aaaaaaaaaaaa', 'n-bbbbbbbbbbbb', 'alibaba-cloud'] as const
export const instanceIds = ['crm-0a1b2c3d', 'crm-11111111', 'ai@n-bbbbbbbbbbbb', 'zervi-backend-001'] as const
export const services = ['crm', 'ai', 'zervi-backend'] as const
export const sites = ['tencent', '阿里云'] as const
export const sessions = ['s1', 's2'] as const

type Model<T> = { readonly [K in keyof T]: fc.Arbitrary<T[K]> }

/** A plain object, as JSON gives it. Keys that are not required are now and then left out. */
export function shaped<T, K extends keyof T = keyof T>(model: Model<T>, required?: readonly K[]) {
  const requiredKeys = [...(required ?? (Object.keys(model) as K[]))]
  return fc.record<T, K>(model, { noNullPrototype: true, requiredKeys })
}

/** One node more often than the others, so that it gets a history. */
export const someNode = fc.constantFrom(nodeIds[0], ...nodeIds, nodeIds[0], nodeIds[0])
export const text = fc.string({ unit: 'binary', maxLength: 12 })
export const time = fc.integer({ min: 0, max: 4_000_000_000_000 })
export const contact = fc.constantFrom<Contact>('connected', 'suspect', 'lost', 'none')
export const health = fc.constantFrom(...healths)
/** Most instances are active. */
export const admission = fc.constantFrom('active', 'active', 'active', 'draining', 'maintenance', 'quarantined')
export const author = fc.constantFrom('agent:n-aaaaaaaaaaaa', 'client:zervi-backend-001', 'operator:王芳', 'plane:r1')
export const address = fc.constantFrom('10.0.0.1', '10.0.0.2', 'fd00::7')
export const port = fc.constantFrom(8080, 8180)

export const attachment = shaped({ replica: fc.constantFrom('r1', 'r2'), session: fc.constantFrom(...sessions) })
export const instance = fc.constantFrom(...instanceIds)
export const tenant = fc.constantFrom('acme', '客户')
export const site = fc.constantFrom(...sites)
export const death: fc.Arbitrary<Omit<Death, 'at'>> = shaped({
  how: fc.constantFrom('refused', 'timeout'),
  vantages: fc.array(text, { maxLength: 2 }),
})
export const expiry = fc.option(time, { nil: undefined })
export const machines = fc.array(fc.constantFrom('m1', 'm2', 'm3'), { maxLength: 3 })
