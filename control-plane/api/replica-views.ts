import type { ReplicaView } from '#shared/protocol/status-api.ts'
import type { ReplicaSeen } from '../replicas/replica.ts'

/** What people see of the planes that share a store. @param leader the run of the one that leads */
export function replicasView(replicas: readonly ReplicaSeen[], leader: string | undefined): readonly ReplicaView[] {
  return replicas.map(
    ({ run, holder, api, machine, site, version, state, alive, self, revision, sessions, agoMs, forMs }) => ({
      ...{ run, holder, api, machine, site, version, self, revision, sessions },
      state: alive ? state : 'gone',
      leads: run === leader,
      seen_ms_ago: Math.max(0, Math.round(agoMs)),
      started_ms_ago: Math.max(0, Math.round(forMs)),
    }),
  )
}
