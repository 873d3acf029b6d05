import type { Inspected } from '#shared/protocol/drift.ts'
import type { FileSet } from './file-set.ts'
import type { GatewayProxy } from './proxy.ts'

/** More than this is not told: whoever reads it has seen enough. */
const mostTold = 200

/** How a gateway's folder, and what its proxy serves, differ from the files that should be there. Nothing is changed. */
export async function inspectGateway(
  proxy: Pick<GatewayProxy, 'read' | 'expected' | 'isServed'>,
  files: FileSet,
): Promise<Pick<Inspected, 'differences' | 'serves'>> {
  const wanted = proxy.expected(files)
  const present = await proxy.read()
  const differences: { kind: 'missing' | 'changed' | 'added'; path: string }[] = []
  for (const [path, content] of wanted) {
    const there = present.get(path)
    if (there !== content) differences.push({ kind: there === undefined ? 'missing' : 'changed', path })
  }
  for (const path of present.keys()) if (!wanted.has(path)) differences.push({ kind: 'added', path })
  // As if the folder were right: then only what is served counts.
  const serves = await proxy.isServed(wanted, files)
  return { differences: differences.slice(0, mostTold), serves }
}
