import * as z from 'zod/mini'
import { plainName } from '#shared/config/fields.ts'
import { AuthenticatorPart } from './schema/authentication.ts'
import { GatewayPart } from './schema/gateway.ts'
import { serviceName, serviceNames } from './schema/names.ts'
import { RatePart } from './schema/rate.ts'
import { RoutePart } from './schema/route.ts'
import { ServicePart } from './schema/service.ts'
import { SplitPart } from './schema/split.ts'

// What people write. Every object is strict, so that a misspelt key is a problem; whatever has one sensible value has it as default, and
// what has none (whether a prefix is stripped) must be said.

/** A client that comes in by listeners of its own. */
export const ClientPart = z.strictObject({ rate: z.optional(RatePart) })
export type ClientPart = z.infer<typeof ClientPart>

const authenticatorName = () =>
  plainName().check(z.refine((name) => name !== 'open', { error: '"open" stands for no authentication' }))

/** One file of a declaration. Several files of a folder make one declaration together. */
export const DeclarationFile = z.strictObject({
  gateways: z._default(z.record(plainName(), GatewayPart), {}),
  clients: z._default(z.record(plainName(), ClientPart), {}),
  authentication: z._default(z.record(authenticatorName(), AuthenticatorPart), {}),
  services: z._default(z.record(serviceNames(), ServicePart), {}),
  splits: z._default(z.record(serviceName(), SplitPart), {}),
  routes: z._default(z.array(RoutePart), []),
})
export type DeclarationFile = z.infer<typeof DeclarationFile>

export type { AuthenticatorPart } from './schema/authentication.ts'
export type { GatewayPart, ListenerPart } from './schema/gateway.ts'
export { xdsCluster } from './schema/names.ts'
export type { RatePart } from './schema/rate.ts'
export type { RoutePart } from './schema/route.ts'
export { ServicePart } from './schema/service.ts'
export type { SplitPart } from './schema/split.ts'
