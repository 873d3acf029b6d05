import { changesBetween, type FileSet } from '../file-set.ts'
import { discoveryText, parseDiscovery } from './discovery-file.ts'
import type { EnvoyFileNames } from './settings.ts'

/**
 * The states of the folder on the way from what is there to what is wanted, so that nothing is named before it is there and nothing
 * goes while it is named: endpoints, clusters (old ones stay), routes, listeners, then the old clusters go, and their endpoints last.
 * Each is a whole; the last one is `wanted`. Empty: there is nothing to do.
 */
export function stepsBetween(present: FileSet, wanted: FileSet, names: EnvoyFileNames): readonly FileSet[] {
  const own = new Set([names.clusters, names.routes, names.listeners])
  const steps: FileSet[] = []
  let folder = present
  const go = (next: FileSet) => {
    const { write, remove } = changesBetween(folder, next)
    if (write.size + remove.length > 0) steps.push(next)
    folder = next
  }
  const withFile = (name: string, content: string | undefined) =>
    content === undefined ? folder : new Map([...folder, [name, content]])
  go(new Map([...present, ...[...wanted].filter(([name]) => !own.has(name))]))
  go(withFile(names.clusters, together(present.get(names.clusters), wanted.get(names.clusters))))
  go(withFile(names.routes, wanted.get(names.routes)))
  go(withFile(names.listeners, makingRoom(present.get(names.listeners), wanted.get(names.listeners))))
  go(withFile(names.listeners, wanted.get(names.listeners)))
  go(withFile(names.clusters, wanted.get(names.clusters)))
  go(wanted)
  return steps
}

/** The clusters of both files; where both have one, that of the second. */
function together(before = '', after = ''): string | undefined {
  const [old, next] = [parseDiscovery(before), parseDiscovery(after)]
  if (!next) return undefined
  const leaving = [...(old?.resources ?? [])].filter(([name]) => !next.resources.has(name))
  if (leaving.length === 0) return after
  return discoveryText({ type: next.type, resources: new Map([...next.resources, ...leaving]) })
}

/**
 * The present listeners without those that give their address to another: Envoy takes no listener at an address that one of another name
 * has, even if that one moves away with the same file. Undefined: none is in the way.
 */
function makingRoom(before = '', after = ''): string | undefined {
  const [old, next] = [parseDiscovery(before), parseDiscovery(after)]
  if (!old || !next) return undefined
  const stays = [...old.resources].filter(([name, { address }]) => {
    const here = JSON.stringify(address)
    const claimed = [...next.resources].some(([other, to]) => other !== name && JSON.stringify(to.address) === here)
    return !(claimed && next.resources.has(name))
  })
  if (stays.length === old.resources.size) return undefined
  return discoveryText({ type: old.type, resources: new Map(stays) })
}

/** What is there, with the wanted endpoints of the services that it has: safe to place before anything else is looked at. */
export function endpointsFirst(present: FileSet, wanted: FileSet, { endpointsPrefix }: EnvoyFileNames): FileSet {
  return new Map(
    [...present].map(([name, content]) => {
      return [name, (name.startsWith(endpointsPrefix) ? wanted.get(name) : undefined) ?? content]
    }),
  )
}
