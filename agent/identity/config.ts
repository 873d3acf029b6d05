import * as z from 'zod/mini'
import { secretFile } from '#shared/config/secret-file.ts'

/** By what the agent is let in by planes that are asked over TLS. */
export const AgentIdentityConfig = z.strictObject({
  /** A file with the enrolment token; it is read until the node has a certificate, and may be removed then. */
  token_file: z.optional(secretFile('an enrolment token', 'enrolment-token')),
})
export type AgentIdentityConfig = z.infer<typeof AgentIdentityConfig>
