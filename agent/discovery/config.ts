import * as z from 'zod/mini'
import { duration, port } from '#shared/config/fields.ts'
import { knownPorts } from '#shared/config/known-ports.ts'
import { Action, Rule } from './policy.ts'
import { portRange } from './port-set.ts'

const text = (most: number) => z.string().check(z.minLength(1), z.maxLength(most))

/** A line that a host adds to the table of known ports. */
const Known = z.strictObject({
  port: port(),
  service: text(100),
  type: z._default(text(100), 'service'),
  cluster: z.optional(text(63)),
  role: z._default(z.enum(['service', 'entry', 'platform', 'database', 'system']), 'service'),
  speaks: z._default(z.enum(['http', 'tcp']), 'http'),
  tags: z._default(z.array(text(200)).check(z.maxLength(64)), []),
})

/** What the agent does about services that nobody declared. Durations in milliseconds once read. */
export const DiscoveryConfig = z.strictObject({
  enabled: z._default(z.boolean(), true),
  /** Only these. Default: all that listens, or where that cannot be seen, the ports of the table. */
  ports: z.optional(z.array(portRange()).check(z.minLength(1), z.maxLength(256))),
  /** Also tries to connect to `ports` on which nothing is seen to listen: what is forwarded into a container, say. */
  scan: z._default(z.boolean(), false),
  /** How often what listens is compared with what listened before. */
  every: z._default(duration(100), 15_000),
  /** How long one look may take. */
  timeout: z._default(duration(10), 2_000),
  /** Where health is looked for, in this order. */
  paths: z._default(
    z
      .array(z.string().check(z.regex(/^\/.{0,1999}$/s, { error: 'expected a path that begins with "/"' })))
      .check(z.minLength(1), z.maxLength(8)),
    ['/health', '/api/health', '/healthz', '/actuator/health'],
  ),
  /** Lines that come before those of the table. */
  known: z._default(z.array(Known).check(z.maxLength(1000)), []),
  /** The first rule that fits decides. */
  policy: z._default(z.array(Rule).check(z.maxLength(200)), []),
  /** Where no rule fits. Default: adopt what is certain or likely to be a service if none is declared, ask about everything else. */
  default: z.optional(Action),
  /** An adopted one on whose port nothing listens is withdrawn after this time. */
  forget_after: z._default(duration(1000), 24 * 3_600_000),
})
export type DiscoveryConfig = z.infer<typeof DiscoveryConfig>

/** The whole table of known ports of this host. A port that the configuration names means what it says there, and nothing else. */
export function portTable({ known }: Pick<DiscoveryConfig, 'known'>) {
  const own = new Set(known.map(({ port }) => port))
  return [...known, ...knownPorts.filter(({ port }) => !own.has(port))]
}
