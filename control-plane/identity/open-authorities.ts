import { X509Certificate } from 'node:crypto'
import { Failure } from '#shared/failure/failure.ts'
import type { IdentityStore, StoredAuthority } from '../fleet/identity.ts'
import { type Authority, newAuthority, openAuthority } from './authority.ts'
import { trusted } from './rotation.ts'
import { checkOf, seal, unseal } from './seal.ts'

export type AuthoritiesParts = {
  readonly store: Pick<IdentityStore, 'authorities' | 'addAuthority'>
  readonly installation: string
  /** The installation's secret: keys are sealed with it. */
  readonly secret: Uint8Array
  /** An authority that somebody else has made for us, which is to sign instead of one of ours. */
  readonly outside: Authority | undefined
  /** Epoch milliseconds. */
  readonly now: number
}

export type Authorities = {
  /** Who signs now. */
  readonly active: Authority
  /** All that are kept, the oldest first. */
  readonly kept: readonly StoredAuthority[]
  /** Those whose signatures count, and whom nodes are to trust. */
  readonly trusted: readonly X509Certificate[]
}

/**
 * The installation's authorities; the first one is made if there is none. Of planes that start together one makes it, and all have that.
 * Rejects with SECRET_WRONG if this plane has another secret than those before it, with AUTHORITY_UNUSABLE if who is to sign cannot.
 */
export async function openAuthorities(parts: AuthoritiesParts): Promise<Authorities> {
  const { store, outside } = parts
  let kept = await store.authorities()
  needSecret(kept, parts)
  if (kept.length === 0) kept = await store.addAuthority(await first(parts))
  // It may have been made by a plane with another secret just now.
  needSecret(kept, parts)
  if (outside && !kept.some(({ id, state }) => id === outside.id || state === 'next')) {
    kept = await store.addAuthority(keptOutside(outside, 'next', parts))
  }
  return authoritiesOf(kept, parts)
}

/** What is kept, opened. Rejects as `openAuthorities` does. */
export async function authoritiesOf(
  kept: readonly StoredAuthority[],
  { installation, secret, outside }: Pick<AuthoritiesParts, 'installation' | 'secret' | 'outside'>,
): Promise<Authorities> {
  const signs = kept.find(({ state }) => state === 'active')
  if (!signs) throw new Failure('AUTHORITY_UNUSABLE', 'None of the authorities in the store is active.')
  const certificates = trusted(kept).map(({ certificate }) => new X509Certificate(certificate))
  return { active: await opened(signs, installation, secret, outside), kept, trusted: certificates }
}

/** A new authority of ours, as it is kept. */
export async function madeAuthority(
  state: 'active' | 'next',
  { installation, secret, now }: Pick<AuthoritiesParts, 'installation' | 'secret' | 'now'>,
): Promise<StoredAuthority> {
  const { authority, pkcs8 } = await newAuthority(installation, now)
  const sealedKey = seal(secret, purposeOf(authority.id), pkcs8)
  pkcs8.fill(0)
  const { id, pem: certificate, notAfter } = authority
  return {
    id,
    certificate,
    sealedKey,
    secretCheck: checkOf(secret, installation),
    state,
    since: now,
    createdAt: now,
    notAfter,
  }
}

function first(parts: AuthoritiesParts): Promise<StoredAuthority> | StoredAuthority {
  return parts.outside ? keptOutside(parts.outside, 'active', parts) : madeAuthority('active', parts)
}

function keptOutside(
  { id, pem, above, notAfter }: Authority,
  state: 'active' | 'next',
  { installation, secret, now }: AuthoritiesParts,
): StoredAuthority {
  const secretCheck = checkOf(secret, installation)
  return { id, certificate: pem + above, sealedKey: '', secretCheck, state, since: now, createdAt: now, notAfter }
}

function needSecret(kept: readonly StoredAuthority[], { secret, installation }: AuthoritiesParts): void {
  const check = checkOf(secret, installation)
  if (kept.every(({ secretCheck }) => secretCheck === check)) return
  throw new Failure('SECRET_WRONG', 'The authorities in the store were sealed with another secret than this plane has.')
}

async function opened(
  kept: StoredAuthority,
  installation: string,
  secret: Uint8Array,
  outside: Authority | undefined,
): Promise<Authority> {
  if (outside?.id === kept.id) return outside
  if (kept.sealedKey === '') {
    const remedy =
      'Name its certificate and key by `identity.authority` on this plane, too, until another one is active.'
    throw new Failure('AUTHORITY_UNUSABLE', `The authority that signs for ${installation} was made by somebody else.`, {
      remedy,
    })
  }
  const pkcs8 = unseal(secret, purposeOf(kept.id), kept.sealedKey)
  if (!pkcs8) {
    const remedy = 'Restore a backup; or begin a rotation from a plane that still runs.'
    throw new Failure('AUTHORITY_UNUSABLE', 'The key of the authority in the store was changed.', { remedy })
  }
  return openAuthority(kept.certificate, pkcs8)
}

function purposeOf(id: string): string {
  return `authority ${id}`
}
