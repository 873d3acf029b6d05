import * as z from 'zod/mini'

/** Who does for the agent what needs more rights than it has: the helper of docs/systemd.md, where there is one. */
export const HelperSettings = z.strictObject({
  enabled: z._default(z.boolean(), true),
  socket: z._default(
    z.string().check(z.maxLength(107), z.regex(/^\/[^\0\n]*$/, { error: 'expected a whole path' })),
    '/run/heddle/helper.sock',
  ),
})
