import type { AccessStore } from '../fleet/access.ts'
import type { PeopleStore } from '../fleet/people.ts'
import type { AccessConfig } from './config.ts'

export type ModeParts = {
  readonly config: Pick<AccessConfig, 'required'>
  /** Others say who callers are: a provider, or Zervi. Whoever sets that up wants to know it. */
  readonly vouched?: boolean
  /** Somebody beyond this machine can reach the API, or callers come over TLS. */
  readonly exposed: boolean
  readonly store: Pick<AccessStore, 'hasApiTokens'> & Pick<PeopleStore, 'hasEnrolledUsers'>
}

/** Whether callers must be known. */
export class AccessMode {
  readonly #parts: ModeParts
  #claimed = false

  constructor(parts: ModeParts) {
    this.#parts = parts
  }

  /** Looks whether a token was made meanwhile, or somebody has signed in, where that decides it. Rejects as the store does. */
  async look(): Promise<void> {
    if (this.required()) return
    if (this.#parts.config.required !== undefined) return
    const { store } = this.#parts
    this.#claimed = (await store.hasApiTokens()) || (await store.hasEnrolledUsers())
  }

  /** A token was made here. */
  claim(): void {
    if (this.#parts.config.required === undefined) this.#claimed = true
  }

  readonly required = (): boolean =>
    this.#parts.config.required ?? (this.#parts.exposed || this.#parts.vouched === true || this.#claimed)

  /** What is said at each start as long as everybody may do everything. */
  warning(): string | undefined {
    if (this.required()) return undefined
    const isSaid = this.#parts.config.required === false
    const why = isSaid ? 'access.required is false' : 'it listens on this machine only and no token was made yet'
    return `ACCESS_OPEN: anybody who reaches the API may do everything: ${why}. docs/access.md says how to change that.`
  }

  /** The same as a problem that waits for a person: where others than users of this machine are meant by it. */
  problem(): string | undefined {
    return this.#parts.exposed ? this.warning() : undefined
  }
}
