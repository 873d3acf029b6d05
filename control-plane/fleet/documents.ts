import { isDeepStrictEqual } from 'node:util'
import type { NodeSpec } from './belief.ts'
import type { Context } from './context.ts'

export type Document = Readonly<Record<string, unknown>>

/** The configuration that is held here for the agents of one scope, with its past. */
export type DocumentBelief = {
  /** `all`, `site:<name>`, `cluster:<name>` or `node:<id>` */
  readonly scope: string
  /** Oldest first; the last one counts. Versions count from 1 and are never given twice. */
  readonly versions: readonly DocumentVersion[]
  readonly revision: number
}

export type DocumentVersion = {
  readonly version: number
  readonly document: Document
  readonly by: string
  readonly comment: string
  readonly at: number
  /** The version that it brings back; null: it is new. */
  readonly restores: number | null
}

export type DocumentEvent = {
  readonly kind: 'settings-written'
  readonly scope: string
  readonly document: Document
  readonly comment: string
  readonly restores: number | null
}

/** Versions of a scope that are kept. */
export const versionsKept = 50

/** What is held for a scope after `event`. The same value: no change. */
export function nextDocument(
  known: DocumentBelief | undefined,
  { scope, document, comment, restores }: DocumentEvent,
  { at, by, revision }: Context,
): DocumentBelief {
  const last = known?.versions.at(-1)
  if (known && last && isDeepStrictEqual(last.document, document)) return known
  const next = { version: (last?.version ?? 0) + 1, document, by, comment, at, restores }
  return { scope, versions: [...(known?.versions ?? []), next].slice(-versionsKept), revision }
}

/** The scopes whose documents a node's agent gets, from the widest to the narrowest. */
export function scopesOf({ id, site, cluster }: Pick<NodeSpec, 'id' | 'site' | 'cluster'>): readonly string[] {
  return ['all', `site:${site}`, ...(cluster === '' ? [] : [`cluster:${cluster}`]), `node:${id}`]
}

/** What is held for one node: the documents of its scopes, of which a narrower one wins key by key, and takes keys away with null. */
export function settingsOf(
  node: Pick<NodeSpec, 'id' | 'site' | 'cluster'>,
  documents: ReadonlyMap<string, DocumentBelief>,
): { readonly version: string; readonly document: Document } {
  const parts: string[] = []
  let document: Document = {}
  for (const scope of scopesOf(node)) {
    const newest = documents.get(scope)?.versions.at(-1)
    if (!newest) continue
    parts.push(`${scope}@${newest.version}`)
    document = merge(document, newest.document)
  }
  return { version: parts.join('+'), document }
}

/** As RFC 7396 merges. */
function merge(target: Document, patch: Document): Document {
  const merged: Record<string, unknown> = Object.assign(Object.create(null), target)
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete merged[key]
    else merged[key] = isObject(value) ? merge(isObject(merged[key]) ? merged[key] : {}, value) : value
  }
  return { ...merged }
}

function isObject(value: unknown): value is Document {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
