import type { Metric } from '#shared/protocol/messages.ts'
import type { InstanceState } from '../checks/instances.ts'
import { metric } from './read-host.ts'

type Checked = Pick<InstanceState, 'spec'> & { readonly checks: readonly { readonly tookMs: number | undefined }[] }

/** How long the checks of instances took when they last ran: connecting, and the trivial query of those that make one. */
export function checkDurations(states: readonly Checked[]): readonly Metric[] {
  return states.flatMap(({ spec, checks }) =>
    checks.flatMap(({ tookMs }, n) => {
      const name = n === 0 ? 'check_duration' : `check_duration{check=${n + 1}}`
      return metric(name, tookMs === undefined ? undefined : Math.round(tookMs * 10) / 10, 'ms', spec.id)
    }),
  )
}
