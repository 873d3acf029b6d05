import * as z from 'zod/mini'
import { explainError, Failure } from '#shared/failure/failure.ts'
import type { MayReach } from '#shared/probe/probe.ts'
import { Health, ProbeSpec } from '#shared/protocol/check.ts'
import { firstTaken } from '#shared/protocol/desired-keys.ts'
import { Decision, Found } from '#shared/protocol/discovery.ts'
import { Inspected } from '#shared/protocol/drift.ts'
import type { Hello } from '#shared/protocol/messages.ts'
import { Reason } from '#shared/protocol/reason.ts'
import type { Fleet } from '../fleet/fleet.ts'
import type { AgentSessions } from '../ingest/agents/serve-agents.ts'
import { askVantage } from '../ingest/agents/vantage/ask-vantage.ts'
import type { Timed } from '../ingest/agents/vantage/timed.ts'
import { planeId, runOfPlane } from '../ingest/agents/vantage/vantage.ts'
import type { Together } from './together.ts'

/** The way to another plane and back, on top of what is asked there. */
const wayMs = 1_000

const Card = z.object({
  takes: z.optional(z.array(z.string())),
  envoys: z.optional(z.array(z.string())),
  authorizers: z.optional(z.array(z.string())),
})
type Card = z.infer<typeof Card>

const VerdictAnswer = z.nullable(z.object({ health: Health, reason: Reason, tookMs: z.optional(z.number()) }))
const Asked = z.object({
  gateway: z.string(),
  repair: z.boolean(),
  endpointsOf: z.optional(z.array(z.string())),
})
const withinMs = z.number()
const ProbeQuestion = z.object({ node: z.optional(z.string()), spec: ProbeSpec, withinMs })
const InspectQuestion = z.object({ node: z.string(), asked: Asked, withinMs })
const DecideQuestion = z.object({ id: z.string(), decision: Decision, withinMs })
const Outcome = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('done'), node: z.string(), found: Found }),
  z.object({ kind: z.literal('unknown') }),
  z.object({ kind: z.literal('away'), node: z.string() }),
  z.object({ kind: z.literal('unanswered'), node: z.string() }),
])

/** What an agent has said of itself that other planes need to know. */
export function cardOf({ takes, envoys, authorizers }: Hello): Card {
  return { ...(takes ? { takes } : {}), ...(envoys ? { envoys } : {}), ...(authorizers ? { authorizers } : {}) }
}

export type EverywhereParts = {
  readonly fleet: Pick<Fleet, 'nodes'>
  readonly together: Together
  readonly stop: AbortSignal
  /** Where this plane itself may probe; left out: anywhere. */
  readonly mayReach?: MayReach | undefined
}

/**
 * The sessions of all planes as if they were here: questions to an agent go to the plane that it is attached to. This one answers the same
 * questions of others for its own agents, and never hands one on.
 */
export function everywhere(local: AgentSessions, { fleet, together, stop, mayReach }: EverywhereParts): AgentSessions {
  const cards = new Map<string, { readonly run: string; readonly card: Card }>()
  together.onFact('agent', Card, (node, card, { run }) => {
    if (card) cards.set(node, { run, card })
    else if (cards.get(node)?.run === run) cards.delete(node)
  })
  const here = { ...local, mayReach }
  const isHere = (node: string) => local.takes(node) !== undefined
  /** The other plane that has the node's session. */
  const whereIs = (node: string): string | undefined => {
    const run = fleet.nodes.get(node)?.attachment?.replica
    return !isHere(node) && run !== undefined && together.lives(run) ? run : undefined
  }
  const elsewhere = (has: (card: Card) => boolean) =>
    [...cards].flatMap(([node, { card }]) => (whereIs(node) !== undefined && has(card) ? [node] : []))
  const mustBeHere = (node: string) => {
    if (isHere(node)) return
    throw new Failure('PEER_UNREACHABLE', `Node ${node} has no session with this plane any more.`, { retryable: true })
  }

  together.onQuestion('probe', ProbeQuestion, async ({ node, spec, withinMs }) => {
    if (node !== undefined) return (await local.ask(node, spec, withinMs)) ?? null
    return (await askVantage({ id: planeId, machine: '', site: '' }, spec, here, stop)) ?? null
  })
  together.onQuestion('inspect', InspectQuestion, async ({ node, asked, withinMs }) => {
    mustBeHere(node)
    return (await local.inspect(node, withoutUndefined(asked), withinMs)) ?? null
  })
  together.onQuestion('decide', DecideQuestion, ({ id, decision, withinMs }) =>
    local.discoveries.decideHere(id, decision, withinMs),
  )
  local.discoveries.forward = (node, id, decision, withinMs) => {
    const run = whereIs(node)
    if (run === undefined) return undefined
    return together.ask(run, 'decide', { id, decision, withinMs }, { schema: Outcome, withinMs: withinMs + wayMs })
  }

  const ask = async (id: string, spec: ProbeSpec, withinMs: number): Promise<Timed | undefined> => {
    if (isHere(id)) return local.ask(id, spec, withinMs)
    const plane = runOfPlane(id)
    const run = plane ?? whereIs(id)
    if (run === undefined) return undefined
    const about = { ...(plane === undefined ? { node: id } : {}), spec, withinMs }
    try {
      return (
        (await together.ask(run, 'probe', about, { schema: VerdictAnswer, withinMs: withinMs + wayMs })) ?? undefined
      )
    } catch {
      // A vantage that is not reached has no word.
      return undefined
    }
  }
  const inspect: AgentSessions['inspect'] = async (node, asked, withinMs) => {
    const run = whereIs(node)
    if (run === undefined) return local.inspect(node, asked, withinMs)
    const schema = z.nullable(Inspected)
    try {
      const answer = { schema, withinMs: withinMs + wayMs }
      return (await together.ask(run, 'inspect', { node, asked, withinMs }, answer)) ?? undefined
    } catch (error) {
      const code = error instanceof Failure ? `${error.code}: ` : ''
      const why = `${code}${explainError(error)}`
      return { type: 'inspected', id: '', gateway: asked.gateway, differences: [], serves: false, error: why }
    }
  }
  return {
    ...here,
    takes: (node) => {
      const here = local.takes(node)
      const there = whereIs(node) === undefined ? undefined : cards.get(node)
      return here ?? (there && (there.card.takes ?? firstTaken))
    },
    ask,
    inspect,
    lookingAt: (gateway) => [
      ...local.lookingAt(gateway),
      ...elsewhere(({ envoys }) => envoys?.includes(gateway) === true),
    ],
    authorizedGateways: () =>
      new Set([
        ...local.authorizedGateways(),
        ...elsewhere(({ authorizers }) => authorizers !== undefined).flatMap(
          (node) => cards.get(node)?.card.authorizers ?? [],
        ),
      ]),
  }
}

function withoutUndefined({ gateway, repair, endpointsOf }: z.infer<typeof Asked>) {
  return { gateway, repair, ...(endpointsOf ? { endpointsOf } : {}) }
}
