import * as z from 'zod/mini'
import { renewableMs } from '#shared/identity/judge-certificate.ts'
import type { Identities } from '../identity/identities.ts'
import type { Together } from './together.ts'

export type RotationParts = {
  readonly identities: Identities
  readonly together: Pick<Together, 'tell' | 'onFact'>
  readonly leads: () => boolean
}

/** Identities that are read at a time. */
const page = 1_000
/** Other planes must have read of an authority before anything is signed by it. */
const leastMs = 60_000

/**
 * Takes the steps of a rotation when they are due. The next authority signs when every node that could come back trusts it: one that is away
 * holds it up for as long as it may renew its certificate, so that none is locked out.
 */
export class RotationKeeper {
  readonly #parts: RotationParts
  /** Which authorities each node trusts, as its agent said last, here or to another plane. */
  readonly #trusts = new Map<string, readonly string[]>()

  constructor(parts: RotationParts) {
    this.#parts = parts
    parts.together.onFact('trusts', z.array(z.string()), (node, ids) => {
      if (ids) this.#trusts.set(node, ids)
    })
  }

  readonly heard = (node: string, authorities: readonly string[]): void => {
    this.#trusts.set(node, authorities)
    this.#parts.together.tell('trusts', node, authorities)
  }

  /** A job for the timetable. */
  readonly look = async (): Promise<void> => {
    const { identities, leads } = this.#parts
    if (!leads()) return
    const next = identities.authorities.kept.find(({ state }) => state === 'next')
    const isKnown = next !== undefined && identities.enrolling.now() - next.since >= leastMs
    await identities.rotate({ asked: false, confirmed: isKnown && (await this.#allTrust(next.id)) })
  }

  async #allTrust(authority: string): Promise<boolean> {
    const { store, enrolling } = this.#parts.identities
    const now = enrolling.now()
    for (let after = ''; ; ) {
      const identities = await store.identities(after, page)
      const counts = identities.filter(({ state, notAfter }) => state === 'enrolled' && notAfter + renewableMs > now)
      if (!counts.every(({ node }) => this.#trusts.get(node)?.includes(authority))) return false
      const last = identities.at(-1)
      if (!last || identities.length < page) return true
      after = last.node
    }
  }
}
