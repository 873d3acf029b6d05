import { pause } from '#shared/lifecycle/repeat.ts'
import type { Inspected } from '#shared/protocol/drift.ts'
import type { Channel } from './channel.ts'
import { compareRuns, nameEndpoints, type RunsDifference } from './compare-runs.ts'
import type { DeltaStream } from './delta-stream.ts'
import type { ResourceDigests } from './digest-resource.ts'
import type { Snapshot } from './snapshot.ts'

/** What the agents beside a gateway's Envoys see there; one for each agent, undefined: it does not answer. */
export type LookAtEnvoys = (
  gateway: string,
  endpointsOf: readonly string[],
) => Promise<readonly { readonly node: string; readonly found: Pick<Inspected, 'runs' | 'error'> | undefined }[]>

export type RunsFound = {
  readonly differences: readonly (RunsDifference & { readonly stream: DeltaStream })[]
  /** Why it could not be seen where somebody looks. */
  readonly unknown: readonly string[]
  /** Envoys at which nobody looks. */
  readonly notes: readonly string[]
}

/** What has just been confirmed may take Envoy's workers a moment. */
const againAfterMs = 300
const mostNamedServices = 20

type Answers = Awaited<ReturnType<LookAtEnvoys>>

/** How what a gateway's Envoys run, by their own configuration dumps, differs from what they have confirmed. Told is what two looks find. */
export async function inspectRuns(
  channel: Pick<Channel, 'gateway' | 'streams' | 'offered'>,
  look: LookAtEnvoys,
  digests: ResourceDigests,
): Promise<RunsFound> {
  const compared = (answers: Answers) => {
    const { offered } = channel
    return offered ? compareAll(channel.streams, offered.snapshot, answers, digests) : []
  }
  const first = await look(channel.gateway, [])
  const suspected = new Set(compared(first).map(keyOf))
  let last = first
  let differences: RunsFound['differences'] = []
  if (suspected.size > 0) {
    await pause(againAfterMs, new AbortController().signal)
    const services = compared(first).flatMap(({ resource: { kind, name } }) => (kind === 'endpoints' ? [name] : []))
    last = await look(channel.gateway, [...new Set(services)].slice(0, mostNamedServices))
    differences = compared(last).filter((difference) => suspected.has(keyOf(difference)))
  }
  return {
    differences: named(differences, last, channel.offered?.snapshot, digests),
    unknown: [...unseen(last), ...strangers(channel, last)],
    notes: unwatched(channel, last),
  }
}

function compareAll(
  streams: ReadonlySet<DeltaStream>,
  snapshot: Snapshot,
  answers: Answers,
  digests: ResourceDigests,
): RunsFound['differences'] {
  return runsOf(answers).flatMap((runs) => {
    const [stream, another] = [...streams].filter(({ id }) => id === runs.envoy)
    // Of two that call themselves the same nobody knows which one was seen.
    if (!stream || another) return []
    return compareRuns(stream, snapshot, runs, (resource) => digests.of(resource)).map((each) => ({ ...each, stream }))
  })
}

function named(
  differences: RunsFound['differences'],
  answers: Answers,
  snapshot: Snapshot | undefined,
  digests: ResourceDigests,
): RunsFound['differences'] {
  const wanted = (service: string) => {
    const resource = snapshot?.resources.endpoints.get(service)
    return resource ? digests.endpoints(resource) : []
  }
  return differences.flatMap((difference) => {
    const runs = runsOf(answers).find(({ envoy }) => envoy === difference.at)
    if (!runs) return [difference]
    return nameEndpoints([difference], wanted, runs).map((each) => ({ ...each, stream: difference.stream }))
  })
}

function runsOf(answers: Answers) {
  return answers.flatMap(({ found }) => found?.runs ?? [])
}

function unseen(answers: Answers): readonly string[] {
  return answers.flatMap(({ node, found }) => {
    if (!found) return [`${node} does not say what the Envoys beside it run`]
    return found.error === undefined ? [] : [`${node}: ${found.error}`]
  })
}

function strangers({ streams }: Pick<Channel, 'streams'>, answers: Answers): readonly string[] {
  const connected = new Set([...streams].map(({ id }) => id))
  return runsOf(answers)
    .filter(({ envoy }) => !connected.has(envoy))
    .map(({ envoy }) => `${envoy} runs, and is not connected`)
}

function unwatched({ streams }: Pick<Channel, 'streams'>, answers: Answers): readonly string[] {
  const seen = new Set(runsOf(answers).map(({ envoy }) => envoy))
  const blind = [...streams].filter(({ id }) => !seen.has(id))
  const [first] = blind
  if (!first) return []
  const who = blind.length === 1 ? first.id : `${first.id} and ${blind.length - 1} more`
  return [`${who}: judged by what was confirmed, since no agent beside it looks at its admin page`]
}

function keyOf({ at, resource: { kind, name } }: RunsDifference): string {
  return JSON.stringify([at, kind, name])
}
