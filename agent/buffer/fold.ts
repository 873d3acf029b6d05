import { bytesOf, type Edge, lost, weightOf } from './record.ts'

/**
 * Edges in fewer bytes: of each instance only the last one stays, and says how many changes it stands for and since when. If even that
 * is too much, the oldest go, and the one that follows them says how many went. The newest always stays.
 */
export function fold(edges: readonly Edge[], mostBytes: number): readonly Edge[] {
  const last = new Map<string, Edge>()
  for (const edge of edges) {
    const before = last.get(edge.id)
    last.delete(edge.id)
    last.set(edge.id, before ? joined(before, edge) : edge)
  }
  return dropOldest([...last.values()], mostBytes)
}

function joined(before: Edge, edge: Edge): Edge {
  const { lost: gone = 0, ...rest } = edge
  const count = 1 + (before.folded?.count ?? 0) + (edge.folded?.count ?? 0)
  const since = before.folded?.since ?? before.at
  return { ...rest, folded: { count, since }, ...lost(gone + (before.lost ?? 0)) }
}

/** The newest that have room, at least one. */
function dropOldest(edges: readonly Edge[], mostBytes: number): readonly Edge[] {
  let bytes = 0
  let from = edges.length
  for (const edge of edges.toReversed()) {
    bytes += bytesOf(edge)
    if (bytes > mostBytes && from < edges.length) break
    from -= 1
  }
  const [first, ...rest] = edges.slice(from)
  const gone = edges.slice(0, from).reduce((sum, edge) => sum + weightOf(edge), 0)
  return first ? [{ ...first, ...lost((first.lost ?? 0) + gone) }, ...rest] : []
}
