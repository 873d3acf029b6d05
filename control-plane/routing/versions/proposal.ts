import { isDeepStrictEqual } from 'node:util'
import type { SourceFile } from '../declaration/parse.ts'
import type { Bounds } from './rollout.ts'
import { atOnce } from './store.ts'
import type { Version } from './version.ts'

/** A declaration that somebody wants to hold. */
export type Proposal = Pick<Version, 'author' | 'comment' | 'source' | 'restores'> & {
  readonly files: readonly SourceFile[]
  /** As `stagesOf` reads them; empty: all at once, with a look at what becomes of it. */
  readonly stages: readonly string[]
  readonly withinMs: number
  readonly soakMs: number
  readonly bounds: Bounds
  readonly gated: boolean
  /** Gateways that need not prove it: their proxies are away, and somebody knows. */
  readonly unproven: readonly string[]
  /** Refused if another version holds; undefined: whichever does. 0: none. */
  readonly ifVersion: number | undefined
}

/** The names of files that are others, for people: `routes.yaml, old.yaml (removed)`. */
export function changedFiles(before: readonly SourceFile[], after: readonly SourceFile[]): string {
  const was = new Map(before.map(({ file, text }) => [file, text]))
  const is = new Map(after.map(({ file, text }) => [file, text]))
  const changed = after.filter(({ file, text }) => !isDeepStrictEqual(was.get(file), text)).map(({ file }) => file)
  const removed = before.filter(({ file }) => !is.has(file)).map(({ file }) => `${file} (removed)`)
  const all = [...changed, ...removed]
  const most = 10
  return all.length > most ? `${all.slice(0, most).join(', ')} and ${all.length - most} more` : all.join(', ')
}

/** All at once, and what a proxy rejects of it stays out while the rest is applied: whoever keeps files mends them there. */
export function ofFolder(files: readonly SourceFile[], comment: string): Proposal {
  const { bounds } = atOnce
  const at = { stages: [], withinMs: 0, soakMs: 0, bounds, gated: false, unproven: [], ifVersion: undefined }
  return { author: 'files', comment, source: 'files', restores: null, files, ...at }
}
