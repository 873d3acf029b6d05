import type { KnownPort } from '#shared/config/known-ports.ts'
import type { Place } from '#shared/host/listeners.ts'
import type { Process } from '#shared/host/process.ts'
import { instanceId } from '#shared/protocol/identity.ts'
import type { ServiceConfig } from '../checks/config.ts'
import { isLoopback } from './address.ts'
import type { Book } from './book.ts'
import type { DiscoveryConfig } from './config.ts'
import type { Circumstances, Subject } from './entry.ts'
import { recognise } from './recognise.ts'
import { claimOn, type Rival, waitsFor } from './rivals.ts'
import type { Visited } from './surroundings.ts'

/** Adopted by policy at most; the whole of a node is told in one message. */
const mostAdopted = 300
/** Whoever gives way to another agent of this host looks so often before it adopts anything. */
const roundsToWait = 3

/** What is known of this host at one moment. */
export type Findings = {
  readonly node: { readonly id: string; readonly cluster: string | undefined; readonly address: string }
  readonly settings: Pick<DiscoveryConfig, 'policy' | 'default'>
  readonly table: readonly KnownPort[]
  readonly declared: readonly Pick<ServiceConfig, 'port'>[]
  /** All that listens. */
  readonly places: readonly Place[]
  readonly processAt: (place: Place) => Process | undefined
  /** Of the places those that were looked at. */
  readonly visited: readonly Visited[]
  readonly rivals: readonly Rival[]
  /** How often it was looked at all around. */
  readonly rounds: number
}

/** The id of what is found at a place of a node. */
export function foundId({ port, address }: Pick<Place, 'port' | 'address'>, node: string): string {
  return instanceId(`found-${port}`, node, address === undefined || isLoopback(address) ? port : address)
}

/** The places that were looked at and for which nothing is declared. */
export function subjectsOf({ node, table, declared, visited }: Findings): readonly Subject[] {
  const ports = new Set(declared.map(({ port }) => port))
  return visited
    .filter(({ place }) => !ports.has(place.port))
    .map(({ place, process, seen }) => {
      const evidence = { port: place.port, told: seen.told, verdict: seen.verdict, process, cluster: node.cluster }
      return { id: foundId(place, node.id), place, process, seen, recognised: recognise(evidence, table) }
    })
}

/** What of all that bears on what becomes of one place. */
export function circumstancesOf(findings: Findings, { place }: Pick<Subject, 'place'>, book: Book): Circumstances {
  const { node, settings, declared, rivals, rounds } = findings
  return {
    rules: settings.policy,
    fallback: settings.default,
    declared: declared.length > 0,
    nodeIsLocal: isLoopback(node.address),
    cluster: node.cluster,
    claimed: claimOn(place.port, rivals),
    waits: rounds < roundsToWait && waitsFor(node.id, rivals),
    full: Object.keys(book.adopted).length >= mostAdopted,
  }
}
