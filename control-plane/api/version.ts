import type { Request, Response } from 'express'
import type { FleetView } from '../fleet/fleet.ts'
import { Refusal } from './problem.ts'

/** The version of an instance as it is shown; its node is part of that. */
export function instanceVersion(id: string, fleet: FleetView): string {
  const instance = fleet.instances.get(id)
  return `"${instance?.revision ?? 0}.${fleet.nodes.get(instance?.node ?? '')?.revision ?? 0}"`
}

/** The version of a node as it is shown: itself and its instances. */
export function nodeVersion(id: string, fleet: FleetView): string {
  let newest = fleet.nodes.get(id)?.revision ?? 0
  for (const instance of fleet.instancesOfNode(id)) {
    newest = Math.max(newest, fleet.instances.get(instance)?.revision ?? 0)
  }
  return `"${newest}.${fleet.instancesOfNode(id).size}"`
}

/** Answers what carries a version; with 304 where the caller has just that. */
export function sendVersioned(request: Request, response: Response, version: string, view: object): void {
  response.set('ETag', version)
  if (namesVersion(request.get('if-none-match'), version)) response.status(304).end()
  else response.json(view)
}

/**
 * Whether the caller made its change depend on a version.
 * Throws a 412 refusal, with what there is now, where that is not the present one.
 */
export function isConditional(request: Request, version: string, present: () => object): boolean {
  const wanted = request.get('if-match')
  if (wanted === undefined) return false
  if (!namesVersion(wanted, version)) throw changedMeanwhile(present())
  return true
}

export function changedMeanwhile(current: object): Refusal {
  return new Refusal(412, 'It has changed since it was read.', {
    code: 'VERSION_CHANGED',
    remedy: 'Look at `current`, decide again, and send its ETag in If-Match.',
    current,
  })
}

function namesVersion(header: string | undefined, version: string): boolean {
  if (header === undefined) return false
  const named = header.split(',').map((tag) => tag.trim().replace(/^W\//, ''))
  return named.includes('*') || named.includes(version)
}
