import * as z from 'zod/mini'
import { duration, httpUrl, plainName } from '#shared/config/fields.ts'
import { secretFile } from '#shared/config/secret-file.ts'
import { ForeignPolicy } from '../consul/foreign-policy.ts'

const second = 1000
const minute = 60 * second

/** `*` stands for any characters; a rule that names both wants both. */
const SelectRule = z.strictObject({ cluster: z.optional(z.string()), service: z.optional(z.string()) })

/** One Consul datacenter. Durations in milliseconds once read. */
export const DatacenterConfig = z.strictObject({
  /** Consul's own name for it: a Consul of another datacenter is refused. */
  name: plainName(),
  address: httpUrl(),
  /** A file that holds the ACL token. */
  token_file: z.optional(secretFile('the ACL token of the datacenter', 'consul-token')),
  /** A PEM file with the authority of the server's certificate. */
  ca_file: z.optional(z.string()),
  /** observe: show what would be written. */
  mode: z._default(z.enum(['observe', 'apply']), 'apply'),
  /** The instances that it shows. */
  select: z._default(z.array(SelectRule).check(z.minLength(1)), [{}]),
  /** How a routable instance with a warning is shown: whoever asks for passing ones does not see warnings. */
  warning_as: z._default(z.enum(['passing', 'warning']), 'passing'),
  /** When somebody else has registered the same service, address and port. */
  same_endpoint: z._default(z.enum(['yield', 'add']), 'yield'),
  /** What is done about the services that others have registered there. */
  foreign: z.prefault(ForeignPolicy, {}),
  /** Deadline of a request. */
  timeout: z._default(duration(100), 5 * second),
  /** Transactions under way at once; urgent ones have two more. */
  lanes: z._default(z.int().check(z.gte(1), z.lte(32)), 8),
})
export type DatacenterConfig = z.output<typeof DatacenterConfig>

/** Copies go to another datacenter of the configuration: the name may be mistyped, and a copy to itself would be none. */
function nameOtherDatacenters(payload: z.core.ParsePayload<DatacenterConfig[]>): void {
  const names = new Set(payload.value.map(({ name }) => name))
  for (const [place, { name, foreign }] of payload.value.entries()) {
    for (const [at, { datacenter }] of foreign.copy_to.entries()) {
      if (names.has(datacenter) && datacenter !== name) continue
      const others = [...names].filter((other) => other !== name)
      const message = `expected another datacenter of this configuration (${others.join(', ') || 'there is none'})`
      const path = [place, 'foreign', 'copy_to', at, 'datacenter']
      payload.issues.push({ code: 'custom', path, message, input: datacenter })
    }
  }
}

export const MirrorConfig = z.strictObject({
  /** Tells the records of this installation from those of others; two installations must not share it. */
  owner: z._default(
    z.string().check(z.regex(/^[a-z0-9][a-z0-9-]{0,31}$/, { error: 'expected lower-case letters, digits or "-"' })),
    'heddle',
  ),
  datacenters: z._default(
    z.array(DatacenterConfig).check(
      z.refine((all) => new Set(all.map(({ name }) => name)).size === all.length, {
        error: 'expected distinct names',
      }),
      z.check(nameOtherDatacenters),
    ),
    [],
  ),
  /** A full comparison with each datacenter. */
  compare_every: z._default(duration(second), minute),
  /** Between comparisons that a change in the catalogue asks for. */
  wake_gap: z._default(duration(100), 5 * second),
  freshness: z.prefault(
    z.strictObject({
      /** How often readers are shown that the mirror lives. */
      every: z._default(duration(100), 5 * second),
      /** How long a process watches whether another one lives, before its first write. */
      watch: z._default(duration(200), 10 * second),
    }),
    {},
  ),
  /** Deletions that are only inferred wait for an operator when there are more than the larger of both. */
  guard: z.prefault(
    z.strictObject({
      window: z._default(duration(second), 10 * minute),
      least: z._default(z.int().check(z.gte(0)), 5),
      share: z._default(z.number().check(z.gte(0), z.lte(1)), 0.05),
    }),
    {},
  ),
})
export type MirrorConfig = z.output<typeof MirrorConfig>
