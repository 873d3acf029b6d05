import { verify } from 'node:crypto'
import { promisify } from 'node:util'
import type { Token } from '#shared/tokens/token.ts'
import { algorithmOf } from './algorithm.ts'
import type { Key } from './key-set.ts'

const verifyAside = promisify(verify)

/** Whether one of the keys made the token's signature. Reckoned beside the event loop. Never rejects. */
export async function isSignedBy(token: Token, keys: readonly Key[]): Promise<boolean> {
  const algorithm = algorithmOf(token.algorithm)
  if (!algorithm) return false
  const signed = Buffer.from(token.signed, 'latin1')
  for (const { key } of keys) {
    const good = await verifyAside(algorithm.digest, signed, { key, ...algorithm.options }, token.signature).catch(
      () => false,
    )
    if (good) return true
  }
  return false
}
