import { Router } from 'express'
import {
  type Decision,
  DecisionRequest,
  type DecisionView,
  type Discovered,
  type DiscoveredView,
  type Found,
  type FoundView,
} from '#shared/protocol/discovery.ts'
import type { FleetView } from '../fleet/fleet.ts'
import { contentVersion } from '../fleet/versions.ts'
import { notKnown, Refusal, readBody } from './problem.ts'
import { isConditional, sendContent } from './version.ts'

/** What agents found and what became of decisions about it; the part of the plane that talks with agents has it. */
export type DiscoveryParts = {
  readonly told: ReadonlyMap<string, Discovered>
  find(id: string): { readonly node: string; readonly found: Found } | undefined
  decide(
    id: string,
    decision: Decision,
    withinMs: number,
  ): Promise<
    | { readonly kind: 'done'; readonly node: string; readonly found: Found }
    | { readonly kind: 'unknown' }
    | { readonly kind: 'away' | 'unanswered'; readonly node: string }
  >
}

const answerWithinMs = 8_000

/** What nobody declared: what it is, and an operator's word about it. */
export function discoveredRouter(discoveries: DiscoveryParts, fleet: Pick<FleetView, 'nodes'>): Router {
  const router = Router()

  router.get('/discovered', (_request, response) => {
    response.json(discoveredView(discoveries.told, fleet))
  })

  router.get('/discovered/:id', (request, response) => {
    const { id } = request.params
    sendContent(request, response, foundView(discoveries.find(id)) ?? unknown(id))
  })

  router.put('/discovered/:id', async (request, response) => {
    const { id } = request.params
    const { by, ...wanted } = readBody(DecisionRequest, request.body)
    const known = discoveries.find(id)
    if (!known) unknown(id)
    const seen = () => foundView(discoveries.find(id)) ?? unknown(id)
    isConditional(request, contentVersion(JSON.stringify(seen())), seen)
    if (wanted.do === 'adopt' && wanted.service === undefined && known.found.service === undefined) {
      throw new Refusal(400, `What ${id} is, is not known.`, {
        problems: [{ field: 'service', message: 'required: its own name was not found out' }],
      })
    }
    const outcome = await discoveries.decide(id, { ...wanted, by: `operator:${by}` }, answerWithinMs)
    switch (outcome.kind) {
      case 'done': {
        const { node, found } = outcome
        const view: DecisionView = {
          id,
          node,
          state: found.state,
          instance: found.state === 'adopted' ? (found.instance ?? null) : null,
        }
        response.json(view)
        return
      }
      case 'unknown':
        return unknown(id)
      case 'away':
        throw new Refusal(409, `The agent of node ${outcome.node} is not in contact: it could not keep the decision.`, {
          remedy: 'Decide again when `heddle nodes` shows it connected.',
        })
      case 'unanswered':
        throw new Refusal(503, `The agent of node ${outcome.node} did not say that it has the decision.`, {
          remedy: 'Look at `heddle discovered`, and decide again if it is not there.',
        })
    }
  })

  return router
}

function foundView(known: ReturnType<DiscoveryParts['find']>): FoundView | undefined {
  return known && { ...known.found, node: known.node }
}

function unknown(id: string): never {
  throw notKnown(`No agent has found anything of the id ${id}.`, 'discovered --all')
}

function discoveredView(told: ReadonlyMap<string, Discovered>, fleet: Pick<FleetView, 'nodes'>): DiscoveredView {
  const view: DiscoveredView = { found: [], conflicts: [], left: 0 }
  for (const [node, message] of [...told].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const known = fleet.nodes.get(node)
    const name = known?.spec.name ?? ''
    const contact = known?.contact ?? 'none'
    const site = known?.spec.site ?? ''
    view.found.push(...message.found.map((found) => ({ ...found, node, node_name: name, site, contact })))
    view.conflicts.push(...message.conflicts.map((conflict) => ({ ...conflict, node, node_name: name })))
    view.left += message.left
  }
  return view
}
