import type { Difference, Inspection } from '../../fleet/sink.ts'
import type { DeltaStream } from './delta-stream.ts'
import { type ResourceKind, resourceKinds } from './resource.ts'
import type { Snapshot } from './snapshot.ts'

/** More than this is not told: whoever reads it has seen enough. */
const mostTold = 1_000

type Stream = Pick<DeltaStream, 'id' | 'settled' | 'held' | 'heldNames' | 'isWildcard' | 'names'>

/** How what Envoys have confirmed, resource by resource, differs from what is offered. What is on its way is no difference. */
export function inspectStreams(streams: readonly Stream[], snapshot: Snapshot): Inspection {
  const differences: Difference[] = []
  const unknown: string[] = []
  for (const stream of streams) {
    if (!stream.settled) unknown.push(`${stream.id} has not confirmed the newest state`)
    for (const kind of resourceKinds) {
      for (const found of differencesOf(stream, kind, snapshot)) {
        if (differences.length < mostTold) differences.push(found)
      }
    }
  }
  return { differences, unknown }
}

function* differencesOf(stream: Stream, kind: ResourceKind, { resources }: Snapshot): Generator<Difference> {
  const offered = resources[kind]
  const at = stream.id
  const wanted = stream.isWildcard(kind) ? offered.keys() : stream.names(kind)
  for (const name of wanted) {
    const resource = offered.get(name)
    if (!resource) continue
    const { version, sent } = stream.held(kind, name)
    if (version === resource.version || sent?.version === resource.version) continue
    yield { kind: version === undefined ? 'missing' : 'changed', what: `${kind} "${name}"`, at }
  }
  // What leaves with its cluster or its listener is not taken away by itself.
  if (kind === 'endpoints' || kind === 'secret') return
  for (const name of stream.heldNames(kind)) {
    const { version, sent } = stream.held(kind, name)
    if (!offered.has(name) && version !== undefined && !sent) yield { kind: 'added', what: `${kind} "${name}"`, at }
  }
}
