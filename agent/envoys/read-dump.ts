import type { EnvoyRuns, Runs } from '#shared/protocol/runs.ts'
import { askText } from './ask-text.ts'
import { DumpReduction, dumpParts } from './dump.ts'
import { JsonLeaves } from './json-leaves.ts'
import { readEnvoyIdentity } from './read-identity.ts'

const answerWithinMs = 8_000

/**
 * What an Envoy runs, by its own configuration dump, which is read as it comes: one with ten thousands of endpoints keeps nothing waiting.
 * Rejects where its admin page does not answer, or where another gateway's Envoy does.
 * @param endpointsOf services whose endpoints are to be named one by one
 * @param most what is told: resources beyond it are counted, a service with more endpoints than are left is not named
 */
export async function readDump(
  admin: string,
  gateway: string,
  endpointsOf: readonly string[],
  most: { readonly resources: number; readonly endpoints: number },
): Promise<EnvoyRuns> {
  const { envoy, gateway: of } = await readEnvoyIdentity(admin)
  if (of !== gateway) throw new Error(`the Envoy at ${admin} belongs to ${of || 'no gateway'}, not to ${gateway}`)
  const wanted = new Set(endpointsOf)
  const resources: Runs[] = []
  const endpoints: Record<string, string[]> = {}
  let named = 0
  for (const part of dumpParts) {
    const reduction = new DumpReduction(part, wanted)
    const json = new JsonLeaves(reduction.leaf)
    const eds = part.kind === 'endpoints' ? '&include_eds' : ''
    const path = `/config_dump?resource=${part.resource}${eds}`
    if (await askText(admin, path, (text) => json.take(text), { withinMs: answerWithinMs })) json.end()
    resources.push(...reduction.end())
    for (const [service, found] of Object.entries(reduction.endpoints)) {
      // A part of them would look as if the others were missing.
      if (named + found.length > most.endpoints) continue
      endpoints[service] = found
      named += found.length
    }
  }
  const told = resources.slice(0, most.resources)
  return { envoy, resources: told, more: resources.length - told.length, endpoints }
}
