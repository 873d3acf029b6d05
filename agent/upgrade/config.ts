import * as z from 'zod/mini'

/** Who may say what is installed in the place of this agent. Only the file on this host can name them. */
export const UpgradeConfig = z.strictObject({
  /** Files with public keys of Ed25519 (PEM). Without any, nothing is let in. */
  keys: z._default(z.array(z.string().check(z.minLength(1), z.maxLength(4096))).check(z.maxLength(16)), []),
  /** Where the installer of this host says how far it is; while it is not there, nothing is fetched. */
  outcome: z._default(z.string().check(z.minLength(1), z.maxLength(4096)), '/run/heddle-upgrade/outcome.json'),
})
export type UpgradeConfig = z.infer<typeof UpgradeConfig>
