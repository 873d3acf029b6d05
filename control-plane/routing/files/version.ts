import { createHash } from 'node:crypto'
import type { GatewayFile } from '#shared/protocol/gateway.ts'

/** The version of a set of files: equal names and contents give an equal one, wherever in the declaration they come from. */
export function versionOf(files: readonly GatewayFile[]): string {
  const text = JSON.stringify(files.map(({ path, content }) => [path, content]))
  return createHash('sha256').update(text).digest('hex').slice(0, 12)
}
