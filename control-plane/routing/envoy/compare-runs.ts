import type { EnvoyRuns, Runs } from '#shared/protocol/runs.ts'
import type { Difference } from '../../fleet/sink.ts'
import type { DeltaStream } from './delta-stream.ts'
import { type Resource, type ResourceKind, resourceKinds } from './resource.ts'
import type { Snapshot } from './snapshot.ts'

/** A difference between what an Envoy has confirmed and what it runs. */
export type RunsDifference = Difference & {
  readonly resource: { readonly kind: ResourceKind; readonly name: string }
  /** Whether giving it once more may set it right: what stands in its own bootstrap stays there. */
  readonly mendable: boolean
}

type Stream = Pick<DeltaStream, 'id' | 'settled' | 'held' | 'heldNames'>
type Running = {
  readonly used: ReadonlyMap<string, Runs>
  readonly warming: ReadonlySet<string>
  readonly whole: boolean
}

/**
 * How what an Envoy runs differs from what it has confirmed. What it adds by itself, and what its bootstrap has under other names, is no
 * difference. While something is on its way, only names are told that its bootstrap keeps for itself: they may be why it never arrives.
 * @param digestOf what a resource says, see `Digest`
 */
export function compareRuns(
  stream: Stream,
  { resources }: Snapshot,
  runs: EnvoyRuns,
  digestOf: (resource: Resource) => string,
): readonly RunsDifference[] {
  const running = runningOf(runs)
  const differences: RunsDifference[] = []
  for (const kind of resourceKinds) {
    const names = new Set([...stream.heldNames(kind), ...resources[kind].keys()])
    for (const name of names) {
      const offered = resources[kind].get(name)
      const own = running.used.get(keyOf({ kind, name }))?.from === 'own'
      if (own && offered && kind !== 'endpoints') {
        const what = `${kind} "${name}": its own bootstrap has one of this name, which stays`
        differences.push({ kind: 'changed', what, at: stream.id, resource: { kind, name }, mendable: false })
      }
      if (own || !offered || !stream.settled) continue
      const found = differenceOf(stream, offered, running, digestOf)
      if (found) differences.push(found)
    }
  }
  if (!stream.settled) return differences
  for (const { kind, name, from } of running.used.values()) {
    if (from !== 'given' || kind === 'endpoints' || kind === 'secret') continue
    if (stream.held(kind, name).version !== undefined || resources[kind].has(name)) continue
    const what = `${kind} "${name}": it runs it, and was not given it`
    differences.push({ kind: 'added', what, at: stream.id, resource: { kind, name }, mendable: true })
  }
  return differences
}

function runningOf({ resources, more }: EnvoyRuns): Running {
  const used = new Map<string, Runs>()
  const warming = new Set<string>()
  for (const each of resources) {
    const key = keyOf(each)
    if (each.from === 'warming') warming.add(key)
    // What stands in the bootstrap is what counts: of the same name nothing else is taken.
    else if (each.from === 'own' || used.get(key)?.from !== 'own') used.set(key, each)
  }
  return { used, warming, whole: more === 0 }
}

/** Of one resource that an Envoy has confirmed; undefined: it runs it, or has not confirmed it. */
function differenceOf(
  stream: Stream,
  offered: Resource,
  { used, warming, whole }: Running,
  digestOf: (resource: Resource) => string,
): RunsDifference | undefined {
  const { kind, name } = offered
  const { version, resource: sent } = stream.held(kind, name)
  if (version === undefined) return undefined
  const differs = (how: Difference['kind'], why: string) => {
    const what = `${kind} "${name}"${why === '' ? '' : `: ${why}`}`
    return { kind: how, what, at: stream.id, resource: { kind, name }, mendable: true }
  }
  const key = keyOf(offered)
  const found = used.get(key)
  if (warming.has(key)) return differs('changed', 'it waits for something and is not used')
  if (!found) {
    // Endpoints are shown with their cluster, which is told by itself.
    const alone = kind !== 'endpoints' || used.get(keyOf({ kind: 'cluster', name }))?.from === 'given'
    return whole && alone ? differs('missing', 'it has confirmed it, and does not run it') : undefined
  }
  // Of endpoints Envoy does not say the version.
  if (kind !== 'endpoints' && found.version !== version) {
    return differs('changed', `it runs version ${found.version || '(none)'}, not ${version}`)
  }
  const known = sent?.version === version ? sent : offered.version === version ? offered : undefined
  return known && found.digest !== '' && found.digest !== digestOf(known) ? differs('changed', '') : undefined
}

/** Says of endpoints that differ which ones: what the Envoy is without, and what it has besides. */
export function nameEndpoints(
  differences: readonly RunsDifference[],
  wanted: (service: string) => readonly string[],
  { endpoints }: Pick<EnvoyRuns, 'endpoints'>,
): readonly RunsDifference[] {
  return differences.flatMap((difference) => {
    const { resource, at } = difference
    const found = endpoints[resource.name]
    if (resource.kind !== 'endpoints' || difference.kind !== 'changed' || !found) return [difference]
    const [has, should] = [new Set(found), new Set(wanted(resource.name))]
    const named = (kind: Difference['kind'], keys: readonly string[]) =>
      keys.map((key) => ({ ...difference, kind, what: `endpoints "${resource.name}": ${key}`, at }))
    const all = [...named('missing', [...should.difference(has)]), ...named('added', [...has.difference(should)])]
    return all.length === 0 ? [difference] : all.slice(0, mostNamed)
  })
}

/** Of one service. */
const mostNamed = 50

function keyOf({ kind, name }: { readonly kind: string; readonly name: string }): string {
  return `${kind}/${name}`
}
