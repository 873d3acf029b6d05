import type { AlertView } from '#shared/protocol/alert.ts'
import { age } from './age.ts'
import type { Style } from './style.ts'

const colours = { info: 'faint', warning: 'doubtful', critical: 'bad' } as const

/** Each alert in a line, and what to do about it in the next. */
export function alertLines(alerts: readonly AlertView[], { paint, now }: Style): readonly string[] {
  return alerts.flatMap((alert) => {
    const since = alert.since === undefined ? '' : ` for ${age(alert.since, now)}`
    return [`${paint(alert.severity, colours[alert.severity])}${since}: ${alertText(alert)}`, `  ${alert.remedy}`]
  })
}

/** An alert in one sentence; one that this version does not know, with its parameters. */
export function alertText({ code, params, title }: AlertView): string {
  const { site = '', machines, nodes, instances } = params
  switch (code) {
    case 'SITE_HELD':
      return `routing of site ${site} is held: machines lost together: ${machines}, routable instances on them: ${instances}`
    case 'SITE_LOST':
      return `no node of site ${site} is in contact (of ${nodes})`
    case 'NODES_UNCONFIRMED':
      return `site ${site}: nodes out of contact since a hold that ended: ${nodes}, instances of the lowest priority on them: ${instances}`
    default:
      return [title, ...Object.entries(params).map(([name, value]) => `${name}=${value}`)].join(' ')
  }
}
