import * as z from 'zod/mini'
import { pause, repeat } from '#shared/lifecycle/repeat.ts'
import { type Logger, warn } from '#shared/logging/logger.ts'
import { SinkView, StatusView } from '#shared/protocol/status-api.ts'
import type { Sink, SinkMode, SinkStatus } from '../fleet/sink.ts'
import type { ForeignStatus } from '../foreign/follow.ts'
import type { KubernetesStatus } from '../ingest/kubernetes/source.ts'
import type { Lead } from '../leadership/lead.ts'
import type { ReplicaSeen } from '../replicas/replica.ts'

export type FollowLeaderParts = {
  readonly lead: Pick<Lead, 'leads' | 'leader'>
  readonly find: (run: string) => ReplicaSeen | undefined
  readonly datacenters: readonly { readonly name: string; readonly mode: SinkMode }[]
  readonly log: Logger
}

/** What the leader says of what it alone follows; what this plane knows of it by hearsay. */
export type FollowedLeader = AsyncDisposable & {
  /** One for each datacenter, named `consul:<datacenter>`. */
  readonly sinks: readonly Sink[]
  readonly foreign: () => readonly ForeignStatus[]
  readonly kubernetes: () => readonly KubernetesStatus[]
}

type Said = {
  readonly run: string
  readonly at: number
  readonly sinks: readonly SinkView[]
  readonly foreign: NonNullable<StatusView['foreign']>
  readonly kubernetes: NonNullable<StatusView['kubernetes']>
}

const askEveryMs = 500
const answerWithinMs = 2_000
/** What the leader said longer ago is not repeated. */
const validForMs = 5_000

const Answer = z.object({
  sinks: z.array(SinkView),
  foreign: StatusView.shape.foreign,
  kubernetes: StatusView.shape.kubernetes,
})

/** Asks the leader again and again while this plane does not lead. */
export function followLeader({ lead, find, datacenters, log }: FollowLeaderParts): FollowedLeader {
  const stop = new AbortController()
  let said: Said | undefined
  const ask = async () => {
    const run = lead.leads() ? undefined : lead.leader()?.run
    const leader = run === undefined ? undefined : find(run)
    if (run === undefined || !leader?.alive || leader.self) return
    const signal = AbortSignal.any([stop.signal, AbortSignal.timeout(answerWithinMs)])
    const at = performance.now()
    const response = await fetch(`${leader.api}/v1/status`, { signal })
    const { sinks, foreign = [], kubernetes = [] } = z.parse(Answer, await response.json())
    said = { run, at, sinks, foreign, kubernetes }
  }
  const failed = warn(log, 'the plane that leads does not say how its sinks are')
  let failing = false
  const step = async () => {
    await ask()
    failing = false
  }
  const onFailure = (error: unknown) => {
    if (!failing) failed(error)
    failing = true
  }
  const loop = repeat(step, { everyMs: askEveryMs, afterFailureMs: () => askEveryMs }, onFailure, stop.signal)
  const heard = (): Said | undefined => {
    if (said?.run !== lead.leader()?.run) return undefined
    return said && performance.now() - said.at < validForMs ? said : undefined
  }
  const holder = () => lead.leader()?.holder ?? 'Nobody'
  return {
    sinks: datacenters.map(({ name, mode }) => hearsay(`consul:${name}`, mode, heard, holder)),
    foreign: () =>
      (heard()?.foreign ?? []).map(({ error, copied_to, ...rest }) => ({
        ...rest,
        error: error ?? undefined,
        copiedTo: copied_to,
      })),
    kubernetes: () =>
      (heard()?.kubernetes ?? []).map(({ error, left_out, asked, ...rest }) => ({
        ...rest,
        error: error ?? undefined,
        leftOut: left_out,
        traffic: asked,
      })),
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
      const common = { name, kind: 'consul', mode } as const
      if (!sink) {
        const remarks = [`${holder()} leads and writes here; nothing was heard of it yet`]
        return { ...common, proven: undefined, state: 'standby', remarks, figures: {} }
      }
      const { state, proven, remarks, figures } = sink
      const at = proven ? { revision: proven.revision, at: Date.parse(proven.at) } : undefined
      return { ...common, mode: sink.mode, state, remarks, figures, proven: at }
    },
    explain: () => ({ sink: name, state: 'unknown', remark: `${holder()} leads and writes here: ask that plane` }),
  }
}
