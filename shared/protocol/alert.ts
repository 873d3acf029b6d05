import * as z from 'zod/mini'

/** Every alert that is read off the fleet itself, with the names of its parameters. A console translates them. */
export const alertParameters = {
  /** Routing of a site is held: so many of its machines are away, with so many instances. */
  SITE_HELD: ['site', 'machines', 'instances', 'until'],
  /** None of the nodes of a site is in contact. */
  SITE_LOST: ['site', 'nodes'],
  /** Nodes of a site that were out of contact when its hold ended, with so many instances. */
  NODES_UNCONFIRMED: ['site', 'nodes', 'instances'],
} as const satisfies Record<string, readonly string[]>

export type AlertCode = keyof typeof alertParameters
export const alertCodes = Object.keys(alertParameters) as AlertCode[]

/** What the plane tells people of, as long as it is so. */
export const AlertView = z.object({
  /** As docs/failures.md has it; one that this version does not know is shown as it is. */
  code: z.string(),
  severity: z.enum(['info', 'warning', 'critical']),
  params: z.record(z.string(), z.string()),
  /** Left out where that is not kept. */
  since: z.optional(z.iso.datetime()),
  /** What it means in general, and what to do about it. */
  title: z.string(),
  remedy: z.string(),
})
export type AlertView = z.infer<typeof AlertView>
