import * as z from 'zod/mini'

const Plane = z.object({ plane: z.string(), failed_ms_ago: z.optional(z.number()) })

/** What the agent's own /health says, as far as it is shown. */
export const Health = z.object({
  name: z.string(),
  node: z.string(),
  version: z.string(),
  session: z.object({
    state: z.enum(['connecting', 'connected', 'refused']),
    plane: z.string(),
    replica: z.optional(z.string()),
    for_ms: z.number(),
    why: z.optional(z.string()),
    planes: z.optional(z.array(Plane)),
  }),
  certificate: z.optional(
    z.object({
      state: z.enum(['none', 'enrolled', 'waiting', 'expired']),
      until: z.optional(z.string()),
      why: z.optional(z.string()),
    }),
  ),
  instances: z.array(z.object({ id: z.string(), health: z.string(), reason: z.string() })),
  unacknowledged: z.number(),
})
export type Health = z.infer<typeof Health>

/** The agent for people: which plane it is with, the others that it knows, and its instances. */
export function statusText({ name, node, version, session, certificate, instances, unacknowledged }: Health): string {
  const { state, plane, replica, why, planes = [] } = session
  const whom = replica === undefined ? plane : `${plane} (plane ${replica})`
  const since = `${Math.round(session.for_ms / 1000)} s`
  const rows: (readonly [string, string])[] = [
    ['Agent', `${name} (${node}), ${version}`],
    ['Session', state === 'connected' ? `with ${whom}, for ${since}` : `none for ${since}; ${state}: ${why ?? plane}`],
  ]
  if (certificate) rows.push(['Identity', certificateText(certificate)])
  for (const [index, each] of planes.entries()) {
    const failed =
      each.failed_ms_ago === undefined ? '' : `, did not answer ${Math.round(each.failed_ms_ago / 1000)} s ago`
    const now = state === 'connected' && each.plane === plane ? ', the present one' : ''
    rows.push([index === 0 ? 'Planes' : '', `${index + 1}. ${each.plane}${now}${failed}`])
  }
  if (unacknowledged > 0) rows.push(['Reports', `${unacknowledged} not acknowledged yet`])
  for (const [index, { id, health, reason }] of instances.entries()) {
    rows.push([index === 0 ? 'Instances' : '', `${id} ${health} (${reason})`])
  }
  return rows.map(([head, text]) => `${head.padEnd(10)} ${text}\n`).join('')
}

function certificateText({ state, until, why }: NonNullable<Health['certificate']>): string {
  const words = {
    none: 'no certificate',
    enrolled: `certificate until ${until}`,
    waiting: 'waits to be let in',
    expired: `certificate expired at ${until}`,
  }
  return why === undefined ? words[state] : `${words[state]}; ${why}`
}

/** 0: a plane hears it; 1: none does. */
export function statusCode({ session }: Health): number {
  return session.state === 'connected' ? 0 : 1
}
