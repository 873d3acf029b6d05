import type { StatusView } from '#shared/protocol/status-api.ts'
import { alertText } from './show/alerts.ts'

/**
 * What `status --check` complains about: whatever keeps the sinks from being the fleet, and whatever waits for a person. A
 * sick instance is none of it, since the sinks show it; a freeze is none of it, since somebody wants it.
 */
export function troubles(status: StatusView): readonly string[] {
  return [
    ...(status.complete ? [] : ['the fleet is not complete yet']),
    ...status.sinks
      .filter(({ mode, state }) => mode === 'apply' && (state === 'behind' || state === 'blocked'))
      .map(({ name, state }) => `${name} is ${state}`),
    ...(status.nodes.lost > 0 ? [`contact is lost to ${status.nodes.lost} of ${status.nodes.total} nodes`] : []),
    ...status.holds.map(({ site }) => `routing of site ${site} is held`),
    // A hold is told of above, also by planes that know of no alerts.
    ...(status.alerts ?? []).filter(({ code }) => code !== 'SITE_HELD').map(alertText),
    ...status.problems,
  ]
}
