import type { StoredToken } from '#control-plane/fleet/identity.ts'
import { revokedBy } from '#control-plane/fleet/revoked.ts'
import { type Answered, type EnrolParts, enrol, renew } from '#control-plane/identity/enrol.ts'
import { type Authorities, openAuthorities } from '#control-plane/identity/open-authorities.ts'
import type { Store } from '#control-plane/journal/store.ts'
import { readNodeCertificate } from '#shared/identity/certificate.ts'
import { newToken, secretHash, tokenText } from '#shared/identity/token.ts'
import { type newKey, node, requestOf } from './identity.ts'
import { storedToken } from './store/identity-suite.ts'

export const secret = Buffer.alloc(32, 9)

type Key = Awaited<ReturnType<typeof newKey>>

/** A plane as far as it lets nodes in. It hears of changes when it is told to look. */
export class EnrollingPlane {
  readonly store: Store
  authorities: Authorities
  now: number
  restoredAt = 0
  #revocations = revokedBy([])

  private constructor(store: Store, authorities: Authorities, now: number) {
    this.store = store
    this.authorities = authorities
    this.now = now
  }

  static async open(store: Store, now: number, of: Uint8Array = secret): Promise<EnrollingPlane> {
    const { installation } = store
    const authorities = await openAuthorities({ store, installation, secret: of, outside: [], now })
    return new EnrollingPlane(store, authorities, now)
  }

  get parts(): EnrolParts {
    const { store } = this
    return {
      store,
      installation: store.installation,
      authorities: () => this.authorities,
      revocations: () => this.#revocations,
      restoredAt: () => this.restoredAt,
      now: () => this.now,
    }
  }

  async look(): Promise<void> {
    const { store, now } = this
    this.#revocations = revokedBy(await store.revocations())
    this.authorities = await openAuthorities({
      store,
      installation: store.installation,
      secret,
      outside: [],
      now,
    })
  }

  /** A token's text. */
  async token(more: Partial<StoredToken> = {}): Promise<string> {
    const token = newToken(this.authorities.active.id)
    const expiresAt = this.now + 3_600_000
    await this.store.addToken(storedToken(token.id, { secretHash: secretHash(token.secret), expiresAt, ...more }))
    return tokenText(token)
  }

  async enrol(token: string, { pair }: Key, more: { readonly node?: string; readonly machine?: string } = {}) {
    const request = { token, csr: await requestOf(pair), node, machine: 'm1', site: '上海', ...more }
    return enrol(this.parts, request)
  }

  async renew(certificate: Uint8Array, { pair }: Key): Promise<Answered> {
    return renew(this.parts, { certificate, csr: await requestOf(pair), machine: 'm1' })
  }
}

/** The certificate that was issued; throws what became of it otherwise. */
export function certificateIn(answered: Answered) {
  if (answered.kind !== 'issued') throw new Error(JSON.stringify(answered))
  const read = readNodeCertificate(answered.certificate)
  if (read.kind === 'unreadable') throw new Error(read.why)
  return { ...read.certificate, der: read.certificate.x509.raw, trust: answered.trust }
}
