import { explainError } from '#shared/failure/failure.ts'
import type { Inspected } from '#shared/protocol/drift.ts'
import type { EnvoyRuns } from '#shared/protocol/runs.ts'
import type { EnvoyConfig } from './config.ts'
import { readDump } from './read-dump.ts'

/** What a message holds of all Envoys of a gateway together: with long names still less than a session takes, which else would be cut. */
const mostResources = 4_000
const mostEndpoints = 3_000

/** What the Envoys of a gateway on this node run, each by its own word. One that does not answer is named, and the others are told. */
export async function lookAtEnvoys(
  envoys: readonly EnvoyConfig[],
  endpointsOf: readonly string[],
): Promise<Omit<Inspected, 'type' | 'id' | 'gateway'>> {
  const most = {
    resources: Math.floor(mostResources / envoys.length),
    endpoints: Math.floor(mostEndpoints / envoys.length),
  }
  const runs: EnvoyRuns[] = []
  const errors: string[] = []
  for (const { admin, gateway } of envoys) {
    try {
      runs.push(await readDump(admin, gateway, endpointsOf, most))
    } catch (error) {
      errors.push(`the Envoy at ${admin}: ${explainError(error)}`)
    }
  }
  return { differences: [], serves: true, runs, ...(errors.length > 0 && { error: errors.join('; ').slice(0, 2000) }) }
}
