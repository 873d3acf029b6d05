import * as z from 'zod/mini'
import { secretFile } from '#shared/config/secret-file.ts'

/** By what the agent is let in by planes that are asked over TLS. */
export const AgentIdentityConfig = z
  .strictObject({
    /** A file with the enrolment token; it is read until the node has a certificate, and may be removed then. */
    token_file: z.optional(secretFile('an enrolment token', 'enrolment-token')),
    /** In a Pod, in place of that: the node is let in by the token of its service account, and is named after its Pod. */
    kubernetes: z.optional(
      z.strictObject({
        /** The projected token, for the audience that the plane names; it is read anew whenever it is needed. */
        token_file: z._default(
          secretFile('a token of its service account that Kubernetes projects into its Pod', 'kubernetes-token'),
          '/var/run/secrets/heddle/token',
        ),
        /** PEM: whom the plane has to be signed by, as `heddle-ca.pem` beside its journal has it. */
        ca_file: z.string().check(z.minLength(1), z.maxLength(4096)),
        /** node: the agent is that of its Node (a DaemonSet), and not of its Pod alone. As in the plane's row that lets it in. */
        node: z._default(z.enum(['pod', 'node']), 'pod'),
      }),
    ),
  })
  .check(
    z.refine(({ token_file, kubernetes }) => token_file === undefined || kubernetes === undefined, {
      path: ['kubernetes'],
      error: 'expected either an enrolment token or that of a service account',
    }),
  )
export type AgentIdentityConfig = z.infer<typeof AgentIdentityConfig>
