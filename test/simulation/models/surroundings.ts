import type { World } from '../time/world.ts'
import { Network } from './network.ts'
import { Servers } from './servers.ts'

const networks = new WeakMap<World, Network>()
const servers = new WeakMap<World, Servers>()

/** The network of a world. */
export function networkOf(world: World): Network {
  const known = networks.get(world)
  if (known) return known
  const network = new Network(world)
  networks.set(world, network)
  return network
}

/** What runs in a world to be served by it: the instances that are checked. */
export function serversOf(world: World): Servers {
  const known = servers.get(world)
  if (known) return known
  const all = new Servers()
  servers.set(world, all)
  return all
}
