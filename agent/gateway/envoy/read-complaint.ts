import { open } from 'node:fs/promises'
import { sizeOf } from '../log-file.ts'

const mostBytes = 1024 * 1024
const mostCharacters = 500

/** What is said where Envoy rejects something and nobody can read why. */
export const unsaid = "Envoy rejected it; its log says why, which the gateway's error_log would let the agent read"

/** What Envoy's log says, from `offset` on, about the last file that it did not take; undefined: nothing, or it cannot be read. */
export async function readRejection(file: string | undefined, offset: number): Promise<string | undefined> {
  if (file === undefined || (await sizeOf(file)) <= offset) return undefined
  try {
    await using handle = await open(file)
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(mostBytes), 0, mostBytes, offset)
    return rejectionIn(buffer.toString('utf8', 0, bytesRead))
  } catch {
    return undefined
  }
}

/** The last complaint about a file in Envoy's log. */
export function rejectionIn(log: string): string | undefined {
  const found = [...log.matchAll(/Filesystem config update (?:rejected|failure): (.*?)(?=\n\[\d{4}-|$)/gs)].at(-1)?.[1]
  return found === undefined ? undefined : essence(found)
}

/** What `envoy --mode validate` says is wrong, without what stands around it. */
export function complaintIn(output: string): string {
  const said = /error initializing configuration '[^']*': (.*?)(?=\n\[\d{4}-|$)/s.exec(output)?.[1] ?? output
  return essence(said) || 'it ended without a word'
}

/** A complaint on one line. Envoy may put all that it was given before the rule that is broken, and marks of a changing kind. */
function essence(complaint: string): string {
  const line = complaint
    .replace(/goo\.gle\/\w+/g, '')
    .replace(/\s+/g, ' ')
    .trim()
  return (/Proto constraint validation failed \(.*$/.exec(line)?.[0] ?? line).slice(0, mostCharacters)
}
