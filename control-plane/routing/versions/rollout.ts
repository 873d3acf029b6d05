import type { DeclaredStatus } from '../../fleet/sink.ts'
import type { Stage } from './stages.ts'

/** What must not be exceeded while a version is on its way. */
export type Bounds = {
  /** Failed requests (5xx) of a hundred. */
  readonly errorPercent: number | undefined
  readonly latencyMs: number | undefined
  /** With fewer requests than this nothing is concluded. */
  readonly leastRequests: number
}

/** Something that happened on the way. `at`: epoch milliseconds. */
export type Note = { readonly at: number; readonly text: string }

/** How a version comes to the gateways. */
export type Rollout = {
  readonly stages: readonly Stage[]
  /** The index of the stage that is under way, and since when (epoch milliseconds). */
  readonly stage: number
  readonly since: number
  /** The gateways that must prove it: those that it changes and that had a version before. */
  readonly provers: readonly string[]
  /** A stage that is not proven after this time, in milliseconds, is halted. */
  readonly withinMs: number
  /** A stage that is proven is watched for so long before the next one, in milliseconds. */
  readonly soakMs: number
  readonly bounds: Bounds
  /** Whether bounds were asked for: then a stage without enough requests is never left. */
  readonly gated: boolean
  /** What gateways had rejected before it came: that is not its fault. */
  readonly knownRejections: readonly string[]
  readonly notes: readonly Note[]
}

/** What a gateway's sink says. */
export type GatewaySeen = DeclaredStatus & { readonly remarks: readonly string[] }

/** What was measured of requests through the gateways of a stage since it began. */
export type Measured = {
  readonly requests: number
  readonly errors: number
  /** The slowest mean or P95 that is known; undefined: none is. */
  readonly latencyMs: number | undefined
  /** In words: whose figures these are. */
  readonly of: string
}

export type Verdict =
  | { readonly kind: 'wait'; readonly waitingFor: readonly string[] }
  | { readonly kind: 'promote' }
  | { readonly kind: 'halt'; readonly why: string }

/** The gateways that have the version, once the stage under way has begun. */
export function reached({ stages, stage }: Pick<Rollout, 'stages' | 'stage'>): ReadonlySet<string> {
  return new Set(stages.slice(0, stage + 1).flatMap(({ gateways }) => gateways))
}

/** What becomes of the stage under way. Without news it stays; it never goes on because time has passed. */
export function judge(
  number: number,
  rollout: Rollout,
  seen: (gateway: string) => GatewaySeen | undefined,
  measured: Measured | undefined,
  now: number,
): Verdict {
  const gateways = [...reached(rollout)]
  const rejected = gateways.flatMap((gateway) => rejectionsOf(number, gateway, seen(gateway), rollout))
  if (rejected.length > 0) return { kind: 'halt', why: rejected.join('\n') }
  const broken = boundBroken(rollout.bounds, measured)
  if (broken !== undefined) return { kind: 'halt', why: broken }
  const waitingFor = [
    ...gateways.flatMap((gateway) => missing(number, gateway, seen(gateway), rollout)),
    ...(rollout.gated ? tooFew(rollout.bounds, measured) : []),
  ]
  const forMs = now - rollout.since
  if (waitingFor.length > 0 && forMs >= rollout.withinMs + rollout.soakMs) {
    return {
      kind: 'halt',
      why: `not proven within ${seconds(rollout.withinMs + rollout.soakMs)}: ${waitingFor.join('; ')}`,
    }
  }
  const left = rollout.soakMs - forMs
  if (waitingFor.length === 0 && left > 0) return { kind: 'wait', waitingFor: [`watched for ${seconds(left)} more`] }
  return waitingFor.length > 0 ? { kind: 'wait', waitingFor } : { kind: 'promote' }
}

function rejectionsOf(
  number: number,
  gateway: string,
  seen: GatewaySeen | undefined,
  { knownRejections }: Rollout,
): readonly string[] {
  if (seen?.given !== number) return []
  return seen.rejected.filter((text) => !knownRejections.includes(text)).map((text) => `${gateway}: ${text}`)
}

function missing(
  number: number,
  gateway: string,
  seen: GatewaySeen | undefined,
  { provers }: Rollout,
): readonly string[] {
  if (!provers.includes(gateway) || seen?.proven === number) return []
  const [remark] = seen?.remarks ?? []
  return [remark === undefined ? `${gateway} has not proven it` : `${gateway} has not proven it: ${remark}`]
}

function boundBroken({ errorPercent, latencyMs, leastRequests }: Bounds, measured: Measured | undefined) {
  if (!measured || measured.requests < leastRequests) return undefined
  const percent = (measured.errors / Math.max(1, measured.requests)) * 100
  if (errorPercent !== undefined && percent > errorPercent) {
    return `${rounded(percent)}% of ${Math.round(measured.requests)} requests failed (${measured.of}); at most ${errorPercent}% may`
  }
  if (latencyMs !== undefined && measured.latencyMs !== undefined && measured.latencyMs > latencyMs) {
    return `answers take ${rounded(measured.latencyMs)} ms (${measured.of}); at most ${latencyMs} ms are allowed`
  }
  return undefined
}

function tooFew({ leastRequests }: Bounds, measured: Measured | undefined): readonly string[] {
  const requests = Math.floor(measured?.requests ?? 0)
  return requests >= leastRequests ? [] : [`${requests} of ${leastRequests} requests seen`]
}

function seconds(ms: number): string {
  return `${Math.ceil(ms / 1000)} s`
}

function rounded(value: number): number {
  return Math.round(value * 10) / 10
}
