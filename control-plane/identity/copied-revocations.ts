import { Failure } from '#shared/failure/failure.ts'
import type { Logger } from '#shared/logging/logger.ts'
import type { Revocation } from '../fleet/identity.ts'
import type { Identities, RevocationCopy } from './identities.ts'
import { sealRevocations, unsealRevocations } from './sealed-revocations.ts'

/** A text that is kept in places which several planes may write to, one after the other. */
export type KeptText = {
  /** What should stand there now; undefined: nothing need. The same text for as long as nothing changes. */
  readonly text: () => string | undefined
  /** Takes what stood there before anything of ours is put in its place. Rejects where that could not be kept; then it is left as it is. */
  readonly take: (found: string | undefined) => Promise<void>
}

export type CopiedParts = {
  readonly secret: Uint8Array
  readonly installation: string
  readonly identities: Pick<Identities, 'revocations' | 'learn'>
  readonly log: Logger
}

/** The revocations as whoever leads keeps them where no restored backup touches them, nor the loss of all planes' disks. */
export function copiedRevocations({ secret, installation, identities, log }: CopiedParts): KeptText {
  let of: readonly Revocation[] = []
  let sealed: string | undefined
  return {
    text() {
      const { revocations } = identities
      if (revocations === of) return sealed
      of = revocations
      const { text, left } = sealRevocations(secret, installation, revocations)
      if (left > 0) log.warn({ left }, 'the oldest revocations have no room in their copy')
      sealed = revocations.length > 0 ? text : undefined
      return sealed
    },
    async take(found) {
      if (found === undefined) return
      const rows = unsealRevocations(secret, installation, found)
      if (!rows) log.warn('what stands in the place of the copy of revocations was not written by this installation')
      else if ((await identities.learn(rows)) > 0) log.warn('revocations that the store had lost were put back')
    },
  }
}

/**
 * A place that is only read here, at the start: it is written by whoever leads, when it leads.
 * @param find the text that stands there; undefined: none
 */
export function readOnlyCopy(
  name: string,
  { secret, installation }: Pick<CopiedParts, 'secret' | 'installation'>,
  find: () => Promise<string | undefined>,
): RevocationCopy {
  return {
    name,
    async read() {
      const found = await find()
      if (found === undefined) return []
      const rows = unsealRevocations(secret, installation, found)
      if (rows) return rows
      throw new Failure('SECRET_WRONG', `What stands in ${name} was not written by who has this secret.`)
    },
    write: async () => {},
  }
}
