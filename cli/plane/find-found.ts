import { Failure } from '#shared/failure/failure.ts'
import type { DiscoveredView } from '#shared/protocol/discovery.ts'
import type { Plane } from './plane.ts'

type Known = Pick<DiscoveredView['found'][number], 'id' | 'port' | 'instance' | 'node' | 'node_name' | 'service'>

/** The id of what an operator means of all that was found; see `foundNamed` for how. */
export async function findFound(plane: Plane, text: string): Promise<string> {
  const { found } = await plane.discovered()
  return foundNamed(text, found)
}

/** What `text` names of all that was found; undefined if it names nothing there, or several things, or that cannot be read. */
export async function lookFound(plane: Plane, text: string): Promise<DiscoveredView['found'][number] | undefined> {
  try {
    const { found } = await plane.discovered()
    const id = foundNamed(text, found)
    return found.find((each) => each.id === id)
  } catch (error) {
    if (error instanceof Failure) return undefined
    throw error
  }
}

const mostCandidates = 10

/**
 * The one thing found that `text` names: by its id, else by the instance that it is, else by its port, else by the beginning of its
 * id. Throws NOT_FOUND, or NAME_AMBIGUOUS with the candidates.
 */
export function foundNamed(text: string, all: readonly Known[]): string {
  for (const fitting of [
    all.filter(({ id }) => id === text),
    all.filter(({ instance }) => instance === text),
    all.filter(({ port }) => String(port) === text),
    all.filter(({ id }) => text !== '' && id.startsWith(text)),
  ]) {
    const [first] = fitting
    if (first && fitting.length === 1) return first.id
    if (first) throw ambiguous(text, fitting)
  }
  throw new Failure('NOT_FOUND', `nothing that was found is called ${text}`, {
    remedy: 'See what there is: `heddle discovered --all`.',
  })
}

function ambiguous(text: string, fitting: readonly Known[]): Failure {
  const lines = fitting.slice(0, mostCandidates).map(({ id, service, node, node_name: name }) => {
    return `${id}${service === undefined ? '' : ` (${service})`} on ${name || node}`
  })
  const more = fitting.length > mostCandidates ? [`and ${fitting.length - mostCandidates} more`] : []
  return new Failure('NAME_AMBIGUOUS', `${text} may be any of ${fitting.length}`, {
    cause: new Error([...lines, ...more].join('\n')),
  })
}
