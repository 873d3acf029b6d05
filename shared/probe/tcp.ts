import type { TcpProbeSpec } from '../protocol/check.ts'
import { reason } from '../protocol/reason.ts'
import { attempt, type ProbeOptions, type ProbeResult } from './attempt.ts'

/** Whether something accepts connections there. Keeps none: nothing is known of how the server likes idle ones. */
export function probeTcp(spec: TcpProbeSpec, options: ProbeOptions): Promise<ProbeResult> {
  return attempt(spec, options, (socket, end) => {
    socket.once('connect', () => end({ verdict: { health: 'passing', reason: reason('ok') } }))
  })
}
