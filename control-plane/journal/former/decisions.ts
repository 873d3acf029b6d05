import type { ImportEnd } from '#shared/protocol/registry-import.ts'

/** What is there of what is imported: its key, and its content in one comparable text. */
export type Known = ReadonlyMap<string, string>

export type ImportRules<R> = {
  readonly known: Known
  readonly keyOf: (row: R) => string
  readonly contentOf: (row: R) => string
  readonly overwrite: boolean
  /** Undefined: what differs stays, whatever is wanted. */
  readonly staysBecause?: ImportEnd
}

export type Decided<R> = {
  /** One for each row, in their order. */
  readonly ends: readonly ImportEnd[]
  readonly added: readonly R[]
  readonly changed: readonly R[]
}

const differs: ImportEnd = {
  outcome: 'kept',
  reason: 'it is known otherwise',
  remedy: 'Leave it, or import it again with --overwrite.',
}

const twice: ImportEnd = {
  outcome: 'kept',
  reason: 'it was imported before with another content',
  remedy: 'Decide which row holds, and take the other out of the file.',
}

/** What becomes of each row: the same is there already; what differs stays unless it is to be overwritten. */
export function decideImport<R>(rows: readonly R[], rules: ImportRules<R>): Decided<R> {
  const { known, keyOf, contentOf, overwrite, staysBecause } = rules
  const own = new Map<string, string>()
  const added: R[] = []
  const changed: R[] = []
  const ends = rows.map((row): ImportEnd => {
    const key = keyOf(row)
    const content = contentOf(row)
    const present = own.get(key) ?? known.get(key)
    if (present === content) return { outcome: 'there' }
    if (own.has(key)) return twice
    if (present !== undefined && staysBecause) return staysBecause
    if (present !== undefined && !overwrite) return differs
    own.set(key, content)
    if (present === undefined) added.push(row)
    else changed.push(row)
    return { outcome: 'taken' }
  })
  return { ends, added, changed }
}
