import * as z from 'zod/mini'
import { plainName, port } from '#shared/config/fields.ts'
import { certificateFolders } from '../gateway/host-folders.ts'

const listenError = 'expected a loopback address with a port, such as "127.0.0.1:18098"'

/** A gateway for whose proxies, on this node, the agent checks tokens. */
export const AuthorizerConfig = z.strictObject({
  gateway: plainName(),
  /** Where its proxies ask: what the gateway's declaration says as `authorizer`. Several gateways may share one. */
  listen: z._default(
    z.string().check(
      z.refine((text) => /^127\.0\.0\.1:\d+$/.test(text) && z.safeParse(port(), Number(text.slice(10))).success, {
        error: listenError,
      }),
    ),
    '127.0.0.1:18098',
  ),
  /** Folders of this host in which authorities of services lie that the declaration names; others are not read. */
  certificates: certificateFolders(),
})
export type AuthorizerConfig = z.infer<typeof AuthorizerConfig>

export const AuthorizerConfigs = z.array(AuthorizerConfig).check(
  z.maxLength(16),
  z.superRefine((authorizers, context) => {
    for (const [index, { gateway }] of authorizers.entries()) {
      if (authorizers.findIndex((other) => other.gateway === gateway) === index) continue
      const message = `gateway ${gateway} is named twice`
      context.issues.push({ code: 'custom', message, input: gateway, path: [index, 'gateway'] })
    }
  }),
)
