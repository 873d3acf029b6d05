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
  /**
   * Authorities that somebody else has made for us: the first is to sign, instead of one of ours. Those behind it are there for as long as
   * one of them signs still.
   */
  readonly outside: readonly Authority[]
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
  const { store } = parts
  const [wanted] = parts.outside
  let kept = await store.authorities()
  needSecret(kept, parts)
  if (kept.length === 0) kept = await store.addAuthority(await first(parts))
  // It may have been made by a plane with another secret just now.
  needSecret(kept, parts)
  if (wanted && !kept.some(({ id, state }) => id === wanted.id || state === 'next')) {
    kept = await store.addAuthority(keptOutside(wanted, 'next', parts))
  }
  return authoritiesOf(kept, parts)
}

/** What is kept, opened. Rejects as `openAuthorities` does. */
export async function authoritiesOf(
  stored: readonly StoredAuthority[],
  { installation, secret, outside }: Pick<AuthoritiesParts, 'installation' | 'secret' | 'outside'>,
): Promise<Authorities> {
  const kept = stored.map((each) =>
    renewed(
      each,
      outside.find(({ id }) => id === each.id),
    ),
  )
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
  const [wanted] = parts.outside
  return wanted ? keptOutside(wanted, 'active', parts) : madeAuthority('active', parts)
}

function keptOutside(
  { id, pem, above, notAfter }: Authority,
  state: 'active' | 'next',
  { installation, secret, now }: AuthoritiesParts,
): StoredAuthority {
  const secretCheck = checkOf(secret, installation)
  return { id, certificate: pem + above, sealedKey: '', secretCheck, state, since: now, createdAt: now, notAfter }
}

/** Who has made it has renewed its certificate, for the same key: what it signs is judged by the newer one. */
function renewed(kept: StoredAuthority, given: Authority | undefined): StoredAuthority {
  if (!given || given.notAfter <= kept.notAfter) return kept
  const { pem, above, notAfter } = given
  return { ...kept, certificate: pem + above, notAfter }
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
  outside: readonly Authority[],
): Promise<Authority> {
  const given = outside.find(({ id }) => id === kept.id)
  if (given) return given
  if (kept.sealedKey === '') {
    const remedy =
      'Name its certificate and key in `identity.authority` on this plane, too, behind the one that is to follow, until that is active.'
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
