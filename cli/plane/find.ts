import { Failure } from '#shared/failure/failure.ts'
import { type Target, target } from './name.ts'
import type { Plane } from './plane.ts'

/** The instance or node that an operator names; see `target` for how. */
export async function findTarget(plane: Plane, text: string): Promise<Target> {
  // An exact id, as scripts give it, costs one small answer instead of two long lists.
  if (await isInstance(plane, text)) return { kind: 'instance', id: text }
  const [instances, nodes] = await Promise.all([plane.instances(), plane.nodes()])
  return target(text, { instances, nodes })
}

/** The id of the instance that an operator names; see `target` for how. */
export async function findInstance(plane: Plane, text: string): Promise<string> {
  if (await isInstance(plane, text)) return text
  return target(text, { instances: await plane.instances() }).id
}

/** The id of the node that an operator names; see `target` for how. */
export async function findNode(plane: Plane, text: string): Promise<string> {
  return target(text, { instances: [], nodes: await plane.nodes() }).id
}

async function isInstance(plane: Plane, id: string): Promise<boolean> {
  // Nothing, a path and a dot would ask for something else than an instance.
  if (id === '' || id === '.' || id === '..') return false
  try {
    return (await plane.instance(id)).id === id
  } catch (error) {
    if (error instanceof Failure && error.code === 'NOT_FOUND') return false
    throw error
  }
}
