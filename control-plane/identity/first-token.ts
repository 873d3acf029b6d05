import { replaceFile } from '#shared/files/replace-file.ts'
import { everything, type Grant } from '#shared/identity/scope.ts'
import { newToken, secretHash, tokenText } from '#shared/identity/token.ts'
import type { IdentityStore } from '../fleet/identity.ts'

export type TokenWish = {
  readonly grant: Grant
  readonly uses: number
  readonly lifetimeMs: number
  readonly author: string
  /** Epoch milliseconds. */
  readonly now: number
}

/** Makes an enrolment token: its text, which is kept nowhere, and what people call it. */
export async function makeToken(
  store: Pick<IdentityStore, 'addToken'>,
  pin: string,
  { grant, uses, lifetimeMs, author, now }: TokenWish,
): Promise<{ readonly id: string; readonly text: string; readonly expiresAt: number }> {
  const token = newToken(pin)
  const expiresAt = now + lifetimeMs
  await store.addToken({
    id: token.id,
    secretHash: secretHash(token.secret),
    usesLeft: uses,
    expiresAt,
    grant,
    author,
    createdAt: now,
    lastUsedAt: undefined,
  })
  return { id: token.id, text: tokenText(token), expiresAt }
}

/** Writes an installation's first token into a file that only its user may read. Undefined: it has one already, or had. */
export async function firstToken(
  store: Pick<IdentityStore, 'addToken' | 'tokens' | 'identities'>,
  pin: string,
  { file, uses, lifetimeMs, now }: Pick<TokenWish, 'uses' | 'lifetimeMs' | 'now'> & { readonly file: string },
): Promise<{ readonly file: string; readonly expiresAt: number } | undefined> {
  const [[known], [node]] = await Promise.all([store.tokens(1), store.identities('', 1)])
  if (known || node) return undefined
  const { text, expiresAt } = await makeToken(store, pin, {
    ...{ grant: everything, uses, lifetimeMs, now },
    author: 'first start',
  })
  await replaceFile(file, `${text}\n`, { mode: 0o600 })
  return { file, expiresAt }
}
