import { randomBytes } from 'node:crypto'
import { Router } from 'express'
import type { ChangeView } from '#shared/protocol/change-api.ts'
import { LogLevelRequest, RestartRequest } from '#shared/protocol/orders-api.ts'
import type { FleetView } from '../fleet/fleet.ts'
import type { RecordChange } from '../fleet/record.ts'
import { contentVersion } from '../fleet/versions.ts'
import { type AgentsSaid, desiredView, restartView } from './desired-view.ts'
import { Refusal, readBody } from './problem.ts'
import { changedMeanwhile, isConditional, sendContent } from './version.ts'

export type DesiredParts = {
  readonly fleet: FleetView
  readonly record: RecordChange
  readonly agents: AgentsSaid
  readonly now: () => number
}

/** A node's agent is not asked for more restarts than this at a time. */
const mostOpenRestarts = 10

/** What a node's agent should do, what it says that it does, and the orders for the agent itself. */
export function desiredRouter({ fleet, record, agents, now }: DesiredParts): Router {
  const router = Router()

  router.get('/nodes/:id/desired', (request, response) => {
    const { id } = request.params
    sendContent(request, response, desiredView(id, fleet, agents) ?? missingNode(id))
  })

  router.put('/nodes/:id/log-level', async (request, response) => {
    const { id } = request.params
    const { level, reason, by, expires_in_ms } = readBody(LogLevelRequest, request.body)
    needAgent(id, 'logging')
    const expiresAt = level === null || expires_in_ms === undefined ? null : now() + expires_in_ms
    const present = () => desiredView(id, fleet, agents) ?? missingNode(id)
    const strict = isConditional(request, contentVersion(JSON.stringify(present())), present)
    const change = { kind: 'log-level-ordered', node: id, level, reason, expiresAt } as const
    const seen = strict ? { seen: fleet.orders.get(id)?.revision ?? 0 } : {}
    const outcome = await record(change, { by: `operator:${by}`, ...seen })
    if (outcome === 'overtaken') throw changedMeanwhile(present())
    const view: ChangeView = { changed: outcome === 'changed', revision: fleet.revision }
    response.json(view)
  })

  router.post('/nodes/:id/restarts', async (request, response) => {
    const node = request.params.id
    const { id = `r-${randomBytes(8).toString('hex')}`, ...wanted } = readBody(RestartRequest, request.body)
    const { name, reason, by, expires_in_ms } = wanted
    needAgent(node, 'restarts')
    const restarts = fleet.orders.get(node)?.restarts ?? []
    const open = restarts.filter(({ outcome }) => outcome === null)
    if (open.length >= mostOpenRestarts && !restarts.some((each) => each.id === id)) {
      throw new Refusal(409, `The agent of node ${node} has not answered ${open.length} restarts yet.`, {
        remedy: 'Look at `heddle desired`, and order again when some of them have ended.',
      })
    }
    const change = { kind: 'restart-ordered', node, id, name, reason, expiresAt: now() + expires_in_ms } as const
    await record(change, { by: `operator:${by}` })
    response.json(find(node, id))
  })

  router.get('/nodes/:id/restarts/:restart', (request, response) => {
    const { id, restart } = request.params
    if (!fleet.nodes.has(id)) missingNode(id)
    sendContent(request, response, find(id, restart))
  })

  const find = (node: string, id: string) => {
    const restart = fleet.orders.get(node)?.restarts.find((each) => each.id === id)
    if (!restart) throw new Refusal(404, `There is no restart ${id} of node ${node}.`)
    return restartView(node, restart)
  }

  const needAgent = (node: string, key: string) => {
    const known = fleet.nodes.get(node)
    if (!known) missingNode(node)
    if (known.spec.machine === '') throw new Refusal(409, `Node ${node} has no agent that could be asked.`)
    if (agents.takes(node)?.includes(key) === false) {
      throw new Refusal(409, `This is not supported by the agent of node ${node}, version ${known.spec.version}.`, {
        remedy: 'Install a newer agent there.',
      })
    }
  }

  return router
}

function missingNode(id: string): never {
  throw new Refusal(404, `There is no node ${id}.`)
}
