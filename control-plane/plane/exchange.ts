import * as z from 'zod/mini'
import { Discovered } from '#shared/protocol/discovery.ts'
import { GatewayOutcome } from '#shared/protocol/gateway.ts'
import { Metric } from '#shared/protocol/messages.ts'
import { Doing } from '#shared/protocol/orders.ts'
import { Counted, Counters } from '#shared/protocol/traffic.ts'
import type { Fleet } from '../fleet/fleet.ts'
import type { AgentSessions, AgentsHooks } from '../ingest/agents/serve-agents.ts'
import type { Sightings } from '../ingest/agents/vantage/sightings.ts'
import type { SightingHere } from '../ingest/agents/vantage/survey.ts'
import { planeId, planeIdOf } from '../ingest/agents/vantage/vantage.ts'
import type { ClientSample } from '../ingest/samples.ts'
import { cardOf } from './everywhere.ts'
import type { SlowAgents } from './slow-agents.ts'
import type { Together } from './together.ts'

const At = z.number()
const Samples = z.object({
  teller: z.enum(['agent', 'client']),
  samples: z.array(z.extend(Metric, { node: z.string(), at: z.number(), tags: z.optional(z.string()) })),
})
const CountedThere = z.object({ counted: Counted, at: z.number() })
const CountersThere = z.object({ node: z.string(), counters: Counters })
const Sighting = z.object({
  instance: z.string(),
  target: z.string(),
  vantage: z.object({ id: z.string(), machine: z.string(), site: z.string() }),
  seen: z.boolean(),
})

/** What is done with what is heard, here or elsewhere. Times in epoch milliseconds, by this plane's clock. */
export type Takers = {
  readonly onBeat: (node: string, at: number) => void
  readonly onSamples: (samples: readonly ClientSample[], teller: 'agent' | 'client') => void
} & Pick<AgentsHooks, 'onGatewayOutcome' | 'onCounted' | 'onCounters'>

/** The hooks of agents' sessions: what they say is taken here and told to the other planes. Metrics of a node itself stay here. */
export function tellingHooks(
  together: Together,
  takers: Takers,
  onHeardHere: (node: string, at: number) => void,
  slow: Pick<SlowAgents, 'heard' | 'ended'>,
): AgentsHooks {
  return {
    onBeat(node, { at, lagMs }) {
      slow.heard(node, lagMs)
      takers.onBeat(node, at)
      onHeardHere(node, at)
      together.tell('heard', node, at)
    },
    onMetrics(node, metrics, at) {
      const samples = metrics.map((metric) => ({ ...metric, node, at }))
      takers.onSamples(samples, 'agent')
      saySamples(together, samples, 'agent')
    },
    onGatewayOutcome(gateway, node, outcome) {
      takers.onGatewayOutcome(gateway, node, outcome)
      together.tell('outcome', `${node} ${gateway}`, outcome)
    },
    onCounted(counted, at) {
      takers.onCounted(counted, at)
      together.say('counted', { counted, at })
    },
    onCounters(node, counters) {
      takers.onCounters(node, counters)
      together.say('counters', { node, counters })
    },
    onWelcomed: (hello) => together.tell('agent', hello.node, cardOf(hello)),
    onEnded(node, hello) {
      slow.ended(node)
      for (const kind of ['agent', 'heard', 'discovered', 'doing']) together.tell(kind, node, undefined)
      for (const { gateway } of hello.gateways ?? []) together.tell('outcome', `${node} ${gateway}`, undefined)
    },
    onDiscovered: (node, message) => together.tell('discovered', node, message),
    onDoing: (node, message) => together.tell('doing', node, { doing: message, at: Date.now() }),
  }
}

/** Tells the others what was measured of instances. */
export function saySamples(together: Together, samples: readonly ClientSample[], teller: 'agent' | 'client'): void {
  const ofInstances = samples.filter(({ instance }) => instance !== undefined)
  if (ofInstances.length > 0) together.say('samples', { teller, samples: ofInstances })
}

export type ElsewhereParts = {
  readonly together: Together
  readonly takers: Takers
  readonly sessions: Pick<AgentSessions, 'discoveries' | 'doings'>
  readonly sightings: Sightings
  /** When other planes heard agents last, by the monotonic clock. */
  readonly heardAt: Map<string, number>
}

/** Takes what the other planes hear of agents. */
export function takeElsewhere({ together, takers, sessions, sightings, heardAt }: ElsewhereParts): void {
  together.onFact('heard', At, (node, at, { behindMs }) => {
    if (at === undefined) return
    takers.onBeat(node, at + behindMs)
    heardAt.set(node, performance.now() - Math.max(0, Date.now() - at - behindMs))
  })
  together.onFact('outcome', GatewayOutcome, (key, outcome) => {
    const [node = '', ...gateway] = key.split(' ')
    if (outcome) takers.onGatewayOutcome(gateway.join(' '), node, outcome)
  })
  together.onFact('discovered', Discovered, (node, message) => {
    if (message) sessions.discoveries.heard(node, message)
  })
  together.onFact('doing', z.object({ doing: Doing, at: z.number() }), (node, said, { behindMs }) => {
    if (said) sessions.doings.heard(node, said.doing, said.at + behindMs)
  })
  together.onEvent('samples', Samples, ({ teller, samples }, { behindMs }) => {
    const here = samples.map(({ at, tags, ...rest }) => ({ ...rest, at: at + behindMs, ...(tags ? { tags } : {}) }))
    takers.onSamples(here, teller)
  })
  together.onEvent('counted', CountedThere, ({ counted, at }, { behindMs }) => takers.onCounted(counted, at + behindMs))
  together.onEvent('counters', CountersThere, ({ node, counters }) => takers.onCounters(node, counters))
  together.onEvent('sighting', Sighting, ({ instance, target, vantage, seen }, { run }) => {
    const id = vantage.id === planeId ? planeIdOf(run) : vantage.id
    if (seen) sightings.saw(instance, target, { ...vantage, id }, performance.now())
    else sightings.lostSight(instance, id, performance.now())
  })
}

export type ForgetParts = {
  readonly fleet: Pick<Fleet, 'nodes' | 'watch'>
  readonly together: Pick<Together, 'tell'>
  /** When nodes were heard of. */
  readonly heardAt: readonly Map<string, number>[]
}

/** A node that leaves the fleet was never heard of, here and as the others are told. Returns how to stop. */
export function forgetNodes({ fleet, together, heardAt }: ForgetParts): () => void {
  return fleet.watch(({ nodes }) => {
    for (const node of nodes) {
      if (fleet.nodes.has(node)) continue
      for (const each of heardAt) each.delete(node)
      together.tell('heard', node, undefined)
    }
  })
}

export function saySighting(together: Together, sighting: SightingHere): void {
  together.say('sighting', sighting)
}
