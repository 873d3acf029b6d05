import type { SweepRequest, SweepView } from '#shared/protocol/change-api.ts'
import { ConsulClient } from '../consul/client.ts'
import type { FleetView } from '../fleet/fleet.ts'
import type { MirrorConfig } from './config.ts'
import { sweep } from './sweep.ts'

const mostSockets = 4

/** Lists, or removes, what an owner has in one of our datacenters; undefined: there is no such datacenter. */
export async function sweepDatacenter(
  config: MirrorConfig,
  fleet: Pick<FleetView, 'installation'>,
  name: string,
  { owner, apply }: SweepRequest,
): Promise<SweepView | undefined> {
  const datacenter = config.datacenters.find((each) => each.name === name)
  if (!datacenter) return undefined
  const { address, token_file: tokenFile, ca_file: caFile, timeout: timeoutMs } = datacenter
  using consul = new ConsulClient({ datacenter: name, address, tokenFile, caFile, timeoutMs, mostSockets })
  const frozen = () => fleet.installation.frozen !== undefined
  const { records, left } = await sweep({ consul, owner, apply, frozen })
  return { datacenter: name, owner, applied: apply, records: [...records], left: [...left] }
}
