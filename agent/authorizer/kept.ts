import * as z from 'zod/mini'
import { AuthorizerSet } from '#shared/protocol/authorizer.ts'
import { KeptKeys } from './keep-keys.ts'

/** What an authorizer keeps on disk, so that it goes on after a start without a plane and without the services that it asks. */
export const KeptAuthorizer = z.object({
  set: AuthorizerSet,
  /** The last good key sets, by where they are had (`sourceOf`). */
  keys: z.record(z.string(), KeptKeys),
})
export type KeptAuthorizer = z.infer<typeof KeptAuthorizer>

export const nothingKept: KeptAuthorizer = { set: { authenticators: [] }, keys: {} }
