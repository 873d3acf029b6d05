import type { Inspected } from '#shared/protocol/drift.ts'
import type { GatewayOutcome } from '#shared/protocol/gateway.ts'
import type { Difference, Inspection, SinkMode } from '../../fleet/sink.ts'

/** Has the agent of a node look at a gateway; undefined: it does not answer. */
export type InspectGateway = (
  node: string,
  repair: boolean,
) => Promise<Pick<Inspected, 'differences' | 'serves' | 'error'> | undefined>

type Runs = { readonly id: string; readonly node: string; readonly outcome: GatewayOutcome | undefined }

/**
 * How what the proxies of a gateway serve differs from what they should, as the agents on their nodes find it now.
 * @param version of the newest set; undefined: there is none yet
 */
export async function inspectFiles(
  runs: readonly Runs[],
  version: string | undefined,
  { mode, inspect }: { readonly mode: SinkMode; readonly inspect: InspectGateway },
): Promise<Inspection> {
  if (version === undefined) return { differences: [], unknown: ['nothing is published yet'] }
  if (mode === 'observe') return { differences: [], unknown: ['only observed: nothing is sent to its proxies'] }
  if (runs.length === 0) return { differences: [], unknown: ['no agent that runs this gateway is connected'] }
  const found = await Promise.all(runs.map(async (run) => ofNode(run, version, await inspect(run.id, false))))
  return { differences: found.flatMap((each) => each.differences), unknown: found.flatMap((each) => each.unknown) }
}

function ofNode(
  { node, outcome }: Runs,
  version: string,
  found: Awaited<ReturnType<InspectGateway>>,
): { readonly differences: readonly Difference[]; readonly unknown: readonly string[] } {
  const differences: Difference[] = []
  const unknown: string[] = []
  if (outcome?.state !== 'proven') unknown.push(`${node} has not proven the newest set`)
  else {
    if (outcome.version !== version) unknown.push(`${node} is on its way to the newest set`)
    for (const { path, resource } of outcome.quarantined) {
      const what = resource === undefined ? path : `${resource} of ${path}`
      differences.push({ kind: 'changed', what: `${what} (not taken)`, at: node })
    }
  }
  if (found === undefined) unknown.push(`${node} does not say what it finds`)
  else if (found.error !== undefined) unknown.push(`${node}: ${found.error}`)
  else {
    differences.push(...found.differences.map(({ kind, path }) => ({ kind, what: path, at: node })))
    if (!found.serves) differences.push({ kind: 'changed', what: 'what its proxy serves', at: node })
  }
  return { differences, unknown }
}
