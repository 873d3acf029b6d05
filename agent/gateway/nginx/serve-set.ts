import { changesBetween, type FileSet, hashOf } from '../file-set.ts'
import { sizeOf } from '../log-file.ts'
import type { PreparedFiles } from '../place.ts'
import { askProof } from './ask-proof.ts'
import { type Complaint, complaintText } from './complaint.ts'
import type { GatewayParts } from './open-gateway.ts'
import { hashIn, proofContent } from './own-files.ts'
import { endOldest, proveStarted, type ReloadResult, reload } from './reload.ts'

export type ServedSet =
  | { readonly state: 'proven'; readonly reloaded: boolean }
  /** Nginx did not take it, although its test did; what was there before is there again. */
  | { readonly state: 'failed'; readonly complaint: Complaint }
  /** The files are in place for an Nginx that does not run. */
  | { readonly state: 'stopped' }

/** What has to be in the folder, and the hash that proves it. */
export function withProof(parts: GatewayParts, files: FileSet): { readonly hash: string; readonly wanted: FileSet } {
  const hash = hashOf(new Map([...files, ...parts.main, ...parts.named.prints]))
  return {
    hash,
    wanted: new Map([...files, [parts.settings.proofFile, proofContent(parts.settings, hash, parts.nginx.counts)]]),
  }
}

/** Whether the folder holds these files already and Nginx serves them. */
export async function isServed(parts: GatewayParts, present: FileSet, files: FileSet): Promise<boolean> {
  const { hash, wanted } = withProof(parts, files)
  const { write, remove } = changesBetween(present, wanted)
  return write.size === 0 && remove.length === 0 && (await askProof(parts.settings.proof)) === hash
}

/**
 * Puts tested files into place and makes Nginx serve them, proven.
 * @param present what the folder holds; what it holds afterwards is answered as `now`
 * @param urgent whether the oldest draining workers are ended when too many drain
 */
export async function serveSet(
  parts: GatewayParts,
  present: FileSet,
  files: FileSet,
  prepared: PreparedFiles,
  urgent: boolean,
  stop: AbortSignal,
): Promise<{ readonly now: FileSet; readonly served: ServedSet }> {
  const { settings, process } = parts
  const { hash, wanted } = withProof(parts, files)
  const logged = await sizeOf(settings.errorLog)
  await prepared.commit()
  const running = await process.master()
  let result: ReloadResult
  if (running === undefined) {
    const master = await process.start()
    if (master === undefined) return { now: wanted, served: { state: 'stopped' } }
    result = await proveStarted(settings, master, hash, logged, stop)
  } else {
    if (urgent) await endOldest(running, settings.drainingGenerations)
    result = await reload(settings, running, hash, stop)
  }
  if (result.state === 'proven') return { now: wanted, served: { state: 'proven', reloaded: running !== undefined } }
  await (await parts.folder.prepare(wanted, present)).commit()
  const master = result.kept ? undefined : await process.master()
  // It may have taken the new files after all: it must not go on with what the folder no longer holds.
  if (master !== undefined) await reload(settings, master, hashIn(present.get(settings.proofFile)), stop)
  return { now: present, served: { state: 'failed', complaint: result.complaint } }
}

export function failureText(served: Extract<ServedSet, { state: 'failed' }>): string {
  return complaintText(served.complaint)
}
