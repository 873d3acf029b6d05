import { type ChainPlace, followChain, type HashedRow } from './chain.ts'
import { isSigned, type SignedHead } from './head.ts'

export type AuditFault =
  | { readonly kind: 'changed' | 'missing'; readonly seq: number }
  /** The chain does not end where the plane says. */
  | { readonly kind: 'end'; readonly seq: number }
  /** A head that was signed names another hash for this row: it, or one before it, was changed since. */
  | { readonly kind: 'head'; readonly seq: number }
  /** A head that was signed is of a row that there is not: the audit has gone back. */
  | { readonly kind: 'beyond'; readonly seq: number }
  /** It is not signed by the key that it names, or by another one than was asked for. */
  | { readonly kind: 'signature'; readonly seq: number }

export type Verified = {
  readonly rows: number
  readonly head: ChainPlace
  /** Signed heads that agree, and those of rows that are no longer kept. */
  readonly heads: { readonly agree: number; readonly dropped: number; readonly keys: readonly string[] }
  readonly faults: readonly AuditFault[]
}

/** Follows an audit row by row, and compares it with heads that were signed meanwhile. */
export class AuditVerifier {
  readonly #faults: AuditFault[] = []
  readonly #heads = new Map<number, Set<string>>()
  readonly #keys = new Set<string>()
  readonly #start: ChainPlace
  #at: ChainPlace
  #rows = 0
  #agree = 0
  #dropped = 0

  /** @param start the newest row that is no longer kept @param key the only one that may have signed; undefined: any */
  constructor(start: ChainPlace, heads: readonly SignedHead[] = [], key?: string) {
    this.#start = start
    this.#at = start
    for (const head of heads) {
      if (!isSigned(head) || (key !== undefined && head.key !== key)) {
        this.#faults.push({ kind: 'signature', seq: head.seq })
        continue
      }
      this.#keys.add(head.key)
      if (head.seq < start.seq) this.#dropped += 1
      else this.#heads.getOrInsertComputed(head.seq, () => new Set()).add(head.hash)
    }
    this.#compare(start)
  }

  add(rows: readonly HashedRow[]): void {
    for (const row of rows) {
      const next = followChain(this.#at, [row])
      if ('kind' in next) this.#faults.push({ kind: next.kind, seq: next.seq })
      // What comes after is told by its own.
      this.#at = { seq: row.seq, hash: row.hash }
      this.#rows += 1
      this.#compare(this.#at)
    }
  }

  /** @param head where the plane says that it ends */
  end(head: ChainPlace): Verified {
    const { seq, hash } = this.#at
    if (head.seq !== seq || head.hash !== hash) this.#faults.push({ kind: 'end', seq: head.seq })
    for (const beyond of this.#heads.keys()) {
      if (beyond > seq || beyond < this.#start.seq) this.#faults.push({ kind: 'beyond', seq: beyond })
    }
    const heads = { agree: this.#agree, dropped: this.#dropped, keys: [...this.#keys] }
    return { rows: this.#rows, head: this.#at, heads, faults: this.#faults }
  }

  #compare({ seq, hash }: ChainPlace): void {
    const said = this.#heads.get(seq)
    if (!said) return
    if (said.size === 1 && said.has(hash)) this.#agree += 1
    else this.#faults.push({ kind: 'head', seq })
  }
}
