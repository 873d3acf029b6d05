import { createHash } from 'node:crypto'
import type { FleetView } from './fleet.ts'

/** The version of an instance as it is shown; its node is part of that. */
export function instanceVersion(id: string, fleet: Pick<FleetView, 'instances' | 'nodes'>): string {
  const instance = fleet.instances.get(id)
  return `"${instance?.revision ?? 0}.${fleet.nodes.get(instance?.node ?? '')?.revision ?? 0}"`
}

/** The version of a node as it is shown: itself and its instances. */
export function nodeVersion(id: string, fleet: Pick<FleetView, 'instances' | 'nodes' | 'instancesOfNode'>): string {
  let newest = fleet.nodes.get(id)?.revision ?? 0
  for (const instance of fleet.instancesOfNode(id)) {
    newest = Math.max(newest, fleet.instances.get(instance)?.revision ?? 0)
  }
  return `"${newest}.${fleet.instancesOfNode(id).size}"`
}

/** The version of an answer of which nothing else tells: its content. */
export function contentVersion(text: string): string {
  return `"${createHash('sha256').update(text).digest('base64url').slice(0, 22)}"`
}

/** Whether a header such as `If-Match` names the version of something that is there. */
export function namesVersion(header: string | undefined, version: string): boolean {
  if (header === undefined) return false
  const named = header.split(',').map((tag) => tag.trim().replace(/^W\//, ''))
  return named.includes('*') || named.includes(version)
}
