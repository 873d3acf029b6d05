import { timingSafeEqual } from 'node:crypto'
import { type Permission, permissions, permissionsOf, type Role } from '#shared/access/permissions.ts'
import { type ApiToken, apiSecretHash, readApiToken } from '#shared/access/token.ts'
import { type Logger, warn } from '#shared/logging/logger.ts'
import type { PeopleStore, StoredSession, StoredUser } from '../fleet/people.ts'
import type { Caller } from './caller.ts'

export type SessionsParts = {
  readonly store: Pick<PeopleStore, 'session' | 'sawSession'>
  /** How long one lasts that is not used. */
  readonly idleMs: number
  readonly log: Logger
  readonly now?: () => number
}

/** What the store says counts for so long: what ended on another plane is refused after it. */
export const sessionKnownForMs = 1_000
const seenEveryMs = 60_000
const mostKnown = 10_000

type Known = { readonly session: StoredSession; readonly user: StoredUser; readonly readAt: number }

/** Tells by their sessions who people are. */
export class Sessions {
  readonly #parts: SessionsParts
  readonly #now: () => number
  readonly #known = new Map<string, Known>()
  readonly #seenAt = new Map<string, number>()

  constructor(parts: SessionsParts) {
    this.#parts = parts
    this.#now = parts.now ?? Date.now
  }

  /** Something of somebody was changed here. */
  forget(): void {
    this.#known.clear()
  }

  /** Who it is where that is known without asking the store. */
  remembered(text: string): Caller | undefined {
    const now = this.#now()
    const given = readApiToken(text, 'hdls1')
    const known = given && this.#known.get(given.id)
    if (!known || now - known.readAt > sessionKnownForMs) return undefined
    return this.#callerOf(given, known, now)
  }

  /** Undefined: nobody has signed in so, or it is over. Rejects as the store does. */
  async verify(text: string): Promise<Caller | undefined> {
    const now = this.#now()
    const given = readApiToken(text, 'hdls1')
    const known = given && (await this.#read(given.id, now))
    return this.#callerOf(given, known, now)
  }

  /** Whether a session counts still. Rejects as the store does. */
  async counts(id: string): Promise<boolean> {
    const now = this.#now()
    const known = await this.#read(id, now)
    return known !== undefined && isOpen(known, now)
  }

  async #read(id: string, now: number): Promise<Known | undefined> {
    const known = this.#known.get(id)
    if (known && now - known.readAt <= sessionKnownForMs) return known
    const found = await this.#parts.store.session(id)
    if (!found) {
      this.#known.delete(id)
      return undefined
    }
    if (this.#known.size >= mostKnown) this.#known.clear()
    const read = { ...found, readAt: now }
    this.#known.set(id, read)
    return read
  }

  #callerOf(given: ApiToken | undefined, known: Known | undefined, now: number): Caller | undefined {
    if (!given || !known || !isSame(given, known.session) || !isOpen(known, now)) return undefined
    this.#see(known.session, now)
    const { user } = known
    return {
      kind: 'person',
      name: `user:${user.name}`,
      id: known.session.id,
      role: user.role,
      permissions: permissionsOfUser(user),
    }
  }

  #see({ id, seenAt, endsAt }: StoredSession, now: number): void {
    const last = Math.max(seenAt, this.#seenAt.get(id) ?? 0)
    if (now - last < seenEveryMs) return
    if (this.#seenAt.size >= mostKnown) this.#seenAt.clear()
    this.#seenAt.set(id, now)
    const expiresAt = Math.min(endsAt, now + this.#parts.idleMs)
    this.#parts.store
      .sawSession(id, now, expiresAt)
      .catch(warn(this.#parts.log, 'when a session was used could not be kept'))
  }
}

/** What a person may do: as the role says, or fewer. Names that are not ours are for tools. */
export function permissionsOfUser({
  role,
  permissions: listed,
}: {
  readonly role: Role
  readonly permissions: readonly string[]
}): readonly Permission[] {
  const ours = permissions.filter((permission) => listed.includes(permission))
  const ofRole = permissionsOf[role]
  return ours.length === 0 ? ofRole : ofRole.filter((permission) => ours.includes(permission))
}

function isOpen({ session, user }: Omit<Known, 'readAt'>, now: number): boolean {
  return user.status === 'active' && session.expiresAt > now && session.endsAt > now
}

function isSame({ secret }: ApiToken, { secretHash }: StoredSession): boolean {
  const [a, b] = [apiSecretHash(secret), secretHash].map((text) => Buffer.from(text))
  return a !== undefined && b !== undefined && a.length === b.length && timingSafeEqual(a, b)
}
