import { createPublicKey, type KeyObject, sign, verify } from 'node:crypto'
import * as z from 'zod/mini'
import type { ChainPlace } from './chain.ts'

/** Where the audit stood at a moment, signed: who has it elsewhere sees whether anything before it was changed later. */
export const SignedHead = z.object({
  installation: z.string(),
  seq: z.number(),
  hash: z.string(),
  at: z.string(),
  /** Ed25519, SubjectPublicKeyInfo, base64url. */
  key: z.string(),
  signature: z.string(),
})
export type SignedHead = z.output<typeof SignedHead>

export function signHead(
  { seq, hash }: ChainPlace,
  about: { readonly installation: string; readonly at: string },
  key: KeyObject,
): SignedHead {
  const spki = createPublicKey(key).export({ type: 'spki', format: 'der' }).toString('base64url')
  const unsigned = { installation: about.installation, seq, hash, at: about.at, key: spki }
  return { ...unsigned, signature: sign(null, signed(unsigned), key).toString('base64url') }
}

/** Whether it is signed by the key that it names. Whose that is, who asks must know. */
export function isSigned({ signature, ...unsigned }: SignedHead): boolean {
  try {
    const key = createPublicKey({ key: Buffer.from(unsigned.key, 'base64url'), type: 'spki', format: 'der' })
    return verify(null, signed(unsigned), key, Buffer.from(signature, 'base64url'))
  } catch {
    return false
  }
}

function signed({ installation, seq, hash, at, key }: Omit<SignedHead, 'signature'>): Buffer {
  return Buffer.from(JSON.stringify(['heddle-audit-head', installation, seq, hash, at, key]))
}
