import type { Fleet } from '#control-plane/fleet/fleet.ts'
import { checkIdOf, consulNodeName, ownerKey } from '#control-plane/mirror/names.ts'
import type { ConsulModel } from '../models/consul.ts'
import type { SimulatedServer } from '../models/servers.ts'
import { type Cast, instanceOf, owner } from './cast.ts'

/** What is not as it should be once all is quiet. @param oracle what the database has committed, reduced */
export function unrestOf(cast: Cast, oracle: Fleet): readonly string[] {
  const { planes, consuls, agents } = cast
  const problems: string[] = []
  const leaders = planes.filter((plane) => plane.process?.within(() => plane.parts?.leadership.term()))
  if (leaders.length !== 1) problems.push(`${leaders.length} planes lead`)
  for (const { options, parts } of planes) {
    if (!parts?.journal) continue
    if (parts.fleet.revision !== oracle.revision)
      problems.push(`${options.name} is at ${parts.fleet.revision}, the journal at ${oracle.revision}`)
  }
  for (const agent of agents) problems.push(...attachmentOf(cast, oracle, agent.options.node))
  for (const server of cast.servers) problems.push(...restOf(cast, oracle, server))
  for (const consul of consuls) problems.push(...differencesOf(oracle, consul))
  for (const leader of leaders) {
    for (const sink of leader.parts?.mirror?.()?.sinks ?? []) {
      const { name, proven, state } = leader.process?.within(() => sink.status()) ?? {}
      if (proven?.revision !== oracle.revision)
        problems.push(`${name} (${state}) has proven ${proven?.revision} of ${oracle.revision}`)
    }
  }
  return problems
}

function attachmentOf(cast: Cast, oracle: Fleet, node: string): readonly string[] {
  const holders = cast.planes.filter(({ parts, process }) =>
    process?.within(() => parts?.sessions?.sign(node).kind === 'live'),
  )
  const believed = oracle.nodes.get(node)
  const problems: string[] = []
  if (holders.length !== 1) problems.push(`${holders.length} planes have a session of ${node}`)
  if (believed?.contact !== 'connected') problems.push(`${node} counts as ${believed?.contact ?? 'unknown'}`)
  const [holder] = holders
  if (holder && believed?.attachment?.replica !== holder.parts?.run)
    problems.push(`${node} is with ${holder.options.name}, the fleet says ${believed?.attachment?.replica}`)
  return problems
}

/** What is true of a server is believed. */
function restOf(cast: Cast, oracle: Fleet, server: SimulatedServer): readonly string[] {
  const agent = cast.agentOf(server)
  if (!agent) return []
  const id = instanceOf(server, agent)
  const standing = oracle.standing(id)
  const instance = oracle.instances.get(id)
  if (cast.withdrawn.has(server)) return instance ? [`${id} is withdrawn and still there`] : []
  if (!instance) return [`${id} is not there`]
  // How long an order lasts is reckoned by clocks that may have been set.
  if (instance.admission.state !== 'active') return []
  const well = server.wellSince !== undefined
  if (well && standing?.routable !== 'yes') return [`${id} is well, and not routable: ${standing?.reason.code}`]
  if (!server.alive && standing?.routable !== 'no') return [`${id} is dead, and routable`]
  return []
}

function differencesOf(oracle: Fleet, consul: ConsulModel): readonly string[] {
  const problems: string[] = []
  for (const [id, { node, spec }] of oracle.instances) {
    const wanted = oracle.standing(id)?.consul
    const shown = statusIn(consul, id, node)
    const rival = [...consul.catalogue.all()].some(
      ([key, row]) =>
        key.startsWith('service ') &&
        'port' in row &&
        row.meta[ownerKey] !== owner &&
        row.service === spec.service &&
        row.address === spec.address &&
        row.port === spec.port,
    )
    if (!rival && !isTaken(consul, id, node) && (shown ?? 'absent') !== wanted)
      problems.push(`${consul.name} shows ${id} as ${shown ?? 'absent'} instead of ${wanted}`)
  }
  for (const [key, row] of consul.catalogue.all()) {
    if (!key.startsWith('service ') || !('port' in row) || row.meta[ownerKey] !== owner) continue
    if (!oracle.instances.has(row.id)) problems.push(`${consul.name} still shows ${row.id}`)
  }
  return problems
}

/** What a Consul shows of an instance; undefined: nothing. */
export function statusIn(consul: ConsulModel, id: string, node: string): string | undefined {
  const row = consul.catalogue.all().get(`check ${consulNodeName(owner, node)}\n${checkIdOf(id)}`.toLowerCase())
  return row && 'status' in row ? row.status : undefined
}

/** Whether somebody else has put a record of theirs in the place of ours. */
function isTaken(consul: ConsulModel, id: string, node: string): boolean {
  const row = consul.catalogue.all().get(`service ${consulNodeName(owner, node)}\n${id}`.toLowerCase())
  return row !== undefined && 'port' in row && row.meta[ownerKey] !== owner
}
