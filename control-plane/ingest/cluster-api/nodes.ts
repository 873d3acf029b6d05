import { isDeepStrictEqual } from 'node:util'
import * as z from 'zod/mini'
import { withoutSecrets } from '#shared/protocol/without-secrets.ts'
import type { NodeBelief } from '../../fleet/belief.ts'
import { contentVersion, namesVersion } from '../../fleet/versions.ts'
import { clientAddress } from './address.ts'
import { FailureReports, readFailure } from './failure-reports.ts'
import { readBody } from './fields.ts'
import type { FleetSummary } from './fleet-summary.ts'
import { agentlessNode } from './join-node.ts'
import { type NodeRegistration, readNode, readNodeId } from './node-body.ts'
import { nodeRowOf, statusOf, typeOf } from './node-row.ts'
import { foundIn, pageText, pagingFields, pagingOf, queryObject, queryText, queryWords } from './paging.ts'
import type { ClientParts } from './parts.ts'
import { Refusal } from './refusal.ts'
import type { Reply, Route } from './route.ts'

const mostTries = 5

const Query = z.object({
  status: queryWords(['active', 'inactive', 'maintenance'] as const),
  node_type: queryWords(['management', 'worker', 'gateway'] as const),
  type: queryWords(['management', 'worker', 'gateway'] as const),
  cluster_id: queryText(),
  ...pagingFields,
})

export type NodeParts = Pick<ClientParts, 'fleet' | 'record' | 'hooks' | 'log'> & {
  readonly summary: FleetSummary
  /** When nodes without an agent were last heard of, epoch milliseconds; whoever has it forgets those that have left. */
  readonly heardAt: Map<string, number>
  /** When the agent of a node was last heard of, epoch milliseconds. */
  readonly agentHeardAt: (node: string) => number | undefined
}

/** What the cluster manager of a Basic Server asks for about nodes. */
export function nodeRoutes(parts: NodeParts): readonly Route[] {
  const nodes = new Nodes(parts)
  const idOf = (parameters: readonly string[]) => parameters[0]
  return [
    { methods: ['GET'], path: '/cluster/nodes', answer: ({ query }) => nodes.list(query) },
    {
      methods: ['POST', 'PUT'],
      path: '/cluster/nodes',
      conditional: true,
      answer: ({ body, from, ifMatch }) => nodes.register(readNode(body, undefined), from, ifMatch),
    },
    {
      methods: ['POST', 'PUT'],
      path: '/cluster/nodes/register',
      conditional: true,
      answer: ({ body, from, ifMatch }) => nodes.register(readNode(body, undefined), from, ifMatch),
    },
    {
      methods: ['POST', 'DELETE'],
      path: '/cluster/nodes/unregister',
      conditional: true,
      answer: ({ body, ifMatch }) => nodes.unregister(readNodeId(body, undefined), ifMatch),
    },
    {
      methods: ['POST'],
      path: '/cluster/nodes/heartbeat',
      answer: ({ body }) => nodes.heartbeat(readNodeId(body, undefined)),
    },
    ...['/cluster/nodes/failure', '/cluster/nodes/report-failure'].map((path) => ({
      methods: ['POST'],
      path,
      answer: ({ body, from }: { body: unknown; from: string }) =>
        nodes.reportFailure(readNodeId(body, undefined), body, from),
    })),
    ...['/cluster/nodes/:id', '/cluster/nodes/:id/status'].map((path) => ({
      methods: ['GET'],
      path,
      versioned: true,
      answer: ({ parameters }: { parameters: readonly string[] }) => nodes.show(idOf(parameters)),
    })),
    {
      methods: ['PUT', 'POST'],
      path: '/cluster/nodes/:id',
      conditional: true,
      answer: ({ parameters, body, from, ifMatch }) => nodes.register(readNode(body, idOf(parameters)), from, ifMatch),
    },
    {
      methods: ['DELETE'],
      path: '/cluster/nodes/:id',
      conditional: true,
      answer: ({ parameters, ifMatch }) => nodes.unregister(idOf(parameters), ifMatch),
    },
    {
      methods: ['POST'],
      path: '/cluster/nodes/:id/unregister',
      conditional: true,
      answer: ({ parameters, ifMatch }) => nodes.unregister(idOf(parameters), ifMatch),
    },
    {
      methods: ['POST', 'PUT'],
      path: '/cluster/nodes/:id/heartbeat',
      answer: ({ parameters }) => nodes.heartbeat(idOf(parameters)),
    },
    {
      methods: ['POST'],
      path: '/cluster/nodes/:id/failure',
      answer: ({ parameters, body, from }) => nodes.reportFailure(idOf(parameters), body, from),
    },
  ]
}

class Nodes {
  readonly #parts: NodeParts
  readonly #failures = new FailureReports()

  constructor(parts: NodeParts) {
    this.#parts = parts
  }

  list(query: URLSearchParams): Reply {
    const { fleet, summary } = this.#parts
    const asked = readBody(Query, queryObject(query))
    const types = asked.node_type ?? asked.type
    const found = summary.nodeIds().filter((id) => {
      if (asked.cluster_id !== undefined && fleet.nodes.get(id)?.spec.cluster !== asked.cluster_id) return false
      if (types && !types.some((type) => type === typeOf(id, fleet))) return false
      return asked.status === undefined || asked.status.some((status) => status === statusOf(id, fleet))
    })
    return { status: 200, body: pageText('nodes', foundIn(found), pagingOf(asked), (id) => this.#rowText(id)) }
  }

  show(id = ''): Reply {
    const row = this.#row(id)
    if (!row) throw unknown(id)
    return { status: 200, body: { success: true, ...row } }
  }

  /** Registers or updates a node without an agent; when it resolves, that is on disk. What an agent says of its node stays. */
  async register(registration: NodeRegistration, from: string, ifMatch?: string): Promise<Reply> {
    const { fleet, record } = this.#parts
    const { id } = registration
    const { address, note } = clientAddress(registration.address, from)
    const spec = specOf(registration, address)
    for (let tries = 0; tries < mostTries; tries += 1) {
      const known = fleet.nodes.get(id)
      this.#needVersion(ifMatch, id)
      if (known && known.spec.machine !== '') {
        const kept = `node_id: the agent of ${id} says what it is; nothing was changed`
        return { status: 200, body: { success: true, ...this.#row(id), notes: [kept] }, etag: this.#version(id) }
      }
      if (!known || !isDeepStrictEqual(known.spec, spec)) {
        const change = { kind: 'node-joined', node: spec } as const
        const outcome = await record(change, { by: `client:${id}`, seen: known?.revision ?? 0 })
        if (outcome === 'overtaken') continue
      }
      this.#hear(id)
      const notes = note === undefined ? [] : [note]
      return { status: known ? 200 : 201, body: { success: true, ...this.#row(id), notes }, etag: this.#version(id) }
    }
    throw new Refusal(409, `${id} is being changed by somebody else; try again`)
  }

  /** Repeated it is no error. Instances that were registered on it stay: whoever registered them takes them away. */
  async unregister(id = '', ifMatch?: string): Promise<Reply> {
    const { fleet, record } = this.#parts
    for (let tries = 0; tries < mostTries; tries += 1) {
      const known = fleet.nodes.get(id)
      this.#needVersion(ifMatch, id)
      if (!known) return { status: 200, body: { success: true, node_id: id, removed: false } }
      if (known.spec.machine !== '') throw agentsOwn(known)
      const outcome = await record({ kind: 'node-left', node: id }, { by: `client:${id}`, seen: known.revision })
      if (outcome === 'overtaken') continue
      this.#failures.forget(id)
      const left = fleet.instancesOfNode(id)
      const notes = left.size === 0 ? [] : [`${left.size} services on it are still registered; deregister each of them`]
      const services = left.values().take(100).toArray().sort()
      return { status: 200, body: { success: true, node_id: id, removed: true, services_left: services, notes } }
    }
    throw new Refusal(409, `${id} is being changed by somebody else; try again`)
  }

  heartbeat(id = ''): Reply {
    const known = this.#parts.fleet.nodes.get(id)
    if (!known) throw unknown(id)
    if (known.spec.machine === '') this.#hear(id)
    return { status: 200, body: { success: true, node_id: id, status: statusOf(id, this.#parts.fleet) } }
  }

  reportFailure(id = '', body: unknown, from: string): Reply {
    const { fleet, log } = this.#parts
    const known = fleet.nodes.get(id)
    if (!known) throw unknown(id)
    const report = readFailure(body, from, Date.now())
    this.#failures.add(id, report)
    log.warn({ node: id, ...report }, 'a client reports that a node failed')
    const note = 'a report alone takes nothing out of service: agents, vantages and heartbeats decide'
    const { contact } = known
    return {
      status: 202,
      body: { success: true, node_id: id, state: 'noted', status: statusOf(id, fleet), contact, notes: [note] },
    }
  }

  #hear(id: string): void {
    const now = Date.now()
    this.#parts.heardAt.set(id, now)
    this.#failures.forget(id)
    this.#parts.hooks.onNodeHeartbeat(id, now)
  }

  /** What a change may depend on: the revision in its row. When it was heard of last is none of it. */
  #version(id: string): string {
    return `"${this.#parts.fleet.nodes.get(id)?.revision ?? 0}"`
  }

  /** Throws a 412 refusal, with the present row, unless the node is in a version that `ifMatch` names; the ETag of `show` is one too. */
  #needVersion(ifMatch: string | undefined, id: string): void {
    if (ifMatch === undefined) return
    const row = this.#row(id)
    const shown = row && contentVersion(JSON.stringify({ success: true, ...row }))
    if (row && (namesVersion(ifMatch, this.#version(id)) || namesVersion(ifMatch, shown ?? ''))) return
    throw new Refusal(412, row ? `${id} has changed since it was read` : `the node ${id} is not known`, [], {
      code: 'VERSION_CHANGED',
      ...(row ? { current: row } : {}),
    })
  }

  #rowText(id: string): string | undefined {
    const row = this.#row(id)
    return row && JSON.stringify(row)
  }

  #row(id: string) {
    const { fleet, heardAt, agentHeardAt } = this.#parts
    // Another plane may have heard it later.
    const heard = Math.max(heardAt.get(id) ?? 0, agentHeardAt(id) ?? 0)
    return nodeRowOf(id, fleet, heard === 0 ? undefined : heard, this.#failures.of(id))
  }
}

function specOf(registration: NodeRegistration, address: string) {
  const { id, name, type, port, status, cluster, site, capabilities, resources } = registration
  const registered = { type, port, status, ...withoutSecrets({ capabilities, resources }) }
  return agentlessNode(id, { name, address, cluster, site, registered })
}

function unknown(id: string): Refusal {
  return new Refusal(404, `the node ${id} is not known`, [{ field: 'node_id', message: 'is not registered' }], {
    remedy: 'Register it by POST /cluster/nodes.',
  })
}

function agentsOwn({ spec }: NodeBelief): Refusal {
  return new Refusal(403, `the agent of node ${spec.id} looks after it: it stays until that agent is gone`, [
    { field: 'node_id', message: 'belongs to an agent' },
  ])
}
