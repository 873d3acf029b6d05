import { createHash, createPublicKey, type KeyObject, sign, verify } from 'node:crypto'
import * as z from 'zod/mini'

/** What is said of a release of the agent by whoever made it. */
export const ReleaseManifest = z.strictObject({
  version: z.string().check(z.maxLength(64), z.regex(/^\d{1,9}\.\d{1,9}\.\d{1,9}(?:-[0-9A-Za-z.-]{1,40})?$/)),
  /** Of the file that is installed. */
  sha256: z.string().check(z.regex(/^[0-9a-f]{64}$/)),
  /** It is not installed before. */
  not_before: z.iso.datetime(),
})
export type ReleaseManifest = z.infer<typeof ReleaseManifest>

/** A manifest with the signature of somebody whose key lies apart from all planes. */
export const SignedRelease = z.strictObject({
  format: z.literal(1),
  manifest: ReleaseManifest,
  /** By which key, as `keyName` calls it. */
  key: z.string().check(z.maxLength(64)),
  /** Ed25519, base64url. */
  signature: z.string().check(z.regex(/^[A-Za-z0-9_-]{86}$/)),
})
export type SignedRelease = z.infer<typeof SignedRelease>

/** What is signed: no other text of anything begins like this. */
function signedText({ version, sha256, not_before }: ReleaseManifest): Buffer {
  return Buffer.from(`heddle agent release 1\n${version}\n${sha256}\n${not_before}\n`)
}

/** What a public key is called: the beginning of the hash of its SubjectPublicKeyInfo. */
export function keyName(key: KeyObject): string {
  const spki = key.export({ type: 'spki', format: 'der' })
  return createHash('sha256').update(spki).digest('base64url').slice(0, 16)
}

/** @param key a private key of Ed25519 */
export function signRelease(manifest: ReleaseManifest, key: KeyObject): SignedRelease {
  const signature = sign(null, signedText(manifest), key).toString('base64url')
  return { format: 1, manifest, key: keyName(createPublicKey(key)), signature }
}

/** Whether one of these public keys has signed it. */
export function isSignedBy({ manifest, key: name, signature }: SignedRelease, keys: readonly KeyObject[]): boolean {
  const key = keys.find((each) => keyName(each) === name)
  return key !== undefined && verify(null, signedText(manifest), key, Buffer.from(signature, 'base64url'))
}
