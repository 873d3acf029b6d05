import * as z from 'zod/mini'
import { Failure } from '#shared/failure/failure.ts'
import { pause, repeat } from '#shared/lifecycle/repeat.ts'
import { type Logger, warn } from '#shared/logging/logger.ts'
import type { Sink, SinkMode, SinkStatus } from '../fleet/sink.ts'
import type { ForeignStatus } from '../foreign/follow.ts'
import type { KubernetesStatus } from '../ingest/kubernetes/source.ts'
import type { Lead } from '../leadership/lead.ts'
import type { Together } from './together.ts'

export type FollowLeaderParts = {
  readonly lead: Pick<Lead, 'leads' | 'leader'>
  readonly together: Pick<Together, 'ask' | 'lives' | 'onQuestion'>
  readonly datacenters: readonly { readonly name: string; readonly mode: SinkMode }[]
  /** What this plane says of what it alone follows while it leads; undefined: it does not. */
  readonly led: () => Led | undefined
  readonly log: Logger
}

/** What only the plane that leads follows. */
export type Led = {
  readonly sinks: readonly SinkStatus[]
  readonly foreign: readonly ForeignStatus[]
  readonly kubernetes: readonly KubernetesStatus[]
}

/** What the leader says of what it alone follows; what this plane knows of it by hearsay. */
export type FollowedLeader = AsyncDisposable & {
  /** One for each datacenter, named `consul:<datacenter>`. */
  readonly sinks: readonly Sink[]
  readonly foreign: () => readonly ForeignStatus[]
  readonly kubernetes: () => readonly KubernetesStatus[]
}

const askEveryMs = 500
const answerWithinMs = 2_000
/** What the leader said longer ago is not repeated. */
const validForMs = 5_000

/** What is undefined there is left out on the way. */
const error = z.optional(z.string())
const Answer = z.object({
  sinks: z.array(
    z.object({
      name: z.string(),
      kind: z.enum(['consul', 'envoy', 'nginx']),
      mode: z.enum(['observe', 'apply']),
      state: z.enum(['following', 'behind', 'blocked', 'frozen', 'standby']),
      proven: z.optional(z.object({ revision: z.int(), at: z.number() })),
      remarks: z.array(z.string()),
      figures: z.record(z.string(), z.number()),
    }),
  ),
  foreign: z.array(
    z.object({
      ...{ datacenter: z.string(), answered: z.boolean(), error, instances: z.int(), beyond: z.int() },
      copiedTo: z.array(z.string()),
    }),
  ),
  kubernetes: z.array(
    z.object({
      ...{ cluster: z.string(), answered: z.boolean(), error, instances: z.int(), held: z.int() },
      leftOut: z.record(z.string(), z.int()),
      traffic: z.object({ lists: z.int(), watches: z.int(), bytes: z.int() }),
    }),
  ),
})
type Said = z.output<typeof Answer> & { readonly run: string; readonly at: number }

/** Asks the leader again and again while this plane does not lead, and answers the others while it does. */
export function followLeader({ lead, together, datacenters, led, log }: FollowLeaderParts): FollowedLeader {
  const stop = new AbortController()
  let said: Said | undefined
  together.onQuestion('led', z.object({}), async () => {
    const answer = led()
    if (answer) return answer
    throw new Failure('LEADERSHIP_LOST', 'This plane does not lead now.', { retryable: true })
  })
  const ask = async () => {
    const run = lead.leads() ? undefined : lead.leader()?.run
    if (run === undefined || !together.lives(run)) return
    const at = performance.now()
    said = { run, at, ...(await together.ask(run, 'led', {}, { schema: Answer, withinMs: answerWithinMs })) }
  }
  const failed = warn(log, 'the plane that leads does not say how its sinks are')
  let failing: { readonly since: number; told: boolean } | undefined
  const step = async () => {
    await ask()
    failing = undefined
  }
  const onFailure = (error: unknown) => {
    failing ??= { since: performance.now(), told: false }
    // Planes that start reach each other after a moment.
    if (failing.told || performance.now() - failing.since < validForMs) return
    failing.told = true
    failed(error)
  }
  const loop = repeat(step, { everyMs: askEveryMs, afterFailureMs: () => askEveryMs }, onFailure, stop.signal)
  const heard = (): Said | undefined => {
    if (said?.run !== lead.leader()?.run) return undefined
    return said && performance.now() - said.at < validForMs ? said : undefined
  }
  const holder = () => lead.leader()?.holder ?? 'Nobody'
  const stated = <T extends { readonly error?: string | undefined }>({ error, ...rest }: T) => ({ ...rest, error })
  return {
    sinks: datacenters.map(({ name, mode }) => hearsay(`consul:${name}`, mode, heard, holder)),
    foreign: () => (heard()?.foreign ?? []).map(stated),
    kubernetes: () => (heard()?.kubernetes ?? []).map(stated),
    async [Symbol.asyncDispose]() {
      stop.abort()
      await Promise.race([loop, pause(answerWithinMs, new AbortController().signal)])
    },
  }
}

function hearsay(name: string, mode: SinkMode, heard: () => Said | undefined, holder: () => string): Sink {
  return {
    status: (): SinkStatus => {
      const sink = heard()?.sinks.find((each) => each.name === name)
      if (sink) return { ...sink, proven: sink.proven }
      const remarks = [`${holder()} leads and writes here; nothing was heard of it yet`]
      return { name, kind: 'consul', mode, proven: undefined, state: 'standby', remarks, figures: {} }
    },
    explain: () => ({ sink: name, state: 'unknown', remark: `${holder()} leads and writes here: ask that plane` }),
  }
}
