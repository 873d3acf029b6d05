import type { Role } from '#shared/access/permissions.ts'
import type { AuditDraft } from './audit.ts'

export type UserStatus = 'active' | 'inactive' | 'suspended'

/** Somebody who can sign in. Nothing is kept by which he proves who he is. Times are epoch milliseconds. */
export type StoredUser = {
  readonly id: string
  readonly name: string
  readonly email: string | undefined
  readonly role: Role
  /** Names that tools read; those of them that are ours narrow what the role may do. */
  readonly permissions: readonly string[]
  readonly status: UserStatus
  readonly lastLogin: number | undefined
  readonly createdAt: number
  readonly updatedAt: number
  /** When he first proved who he is; undefined: never. */
  readonly enrolledAt: number | undefined
  /** Who says who it is, and what it calls him; undefined: he comes by links. */
  readonly identity: UserIdentity | undefined
}

export type UserIdentity = { readonly issuer: string; readonly subject: string }

/** A browser in which somebody has signed in. Times are epoch milliseconds. */
export type StoredSession = {
  readonly id: string
  readonly userId: string
  readonly secretHash: string
  readonly createdAt: number
  /** When it ends unless it is used. */
  readonly expiresAt: number
  /** When it ends, however it is used. */
  readonly endsAt: number
  readonly seenAt: number
  /** The address that it came from. */
  readonly from: string
  readonly by: 'link' | 'oidc'
}

/** By this somebody signs in once. */
export type StoredLink = {
  readonly id: string
  readonly userId: string
  readonly secretHash: string
  readonly author: string
  readonly createdAt: number
  readonly expiresAt: number
}

export type UserChange = {
  readonly id: string
  readonly role?: Role
  readonly status?: UserStatus
  readonly at: number
  readonly audit: readonly AuditDraft[]
}

export type LinkUse = {
  readonly id: string
  readonly secretHash: string
  /** The user is the one of the link. */
  readonly session: Omit<StoredSession, 'userId'>
}

/** Somebody comes from his provider. */
export type Arrival = {
  readonly identity: UserIdentity
  /** What he is called, if that is free. */
  readonly name: string
  readonly role: Role
  readonly session: Omit<StoredSession, 'userId'>
}

export type Arrived =
  | { readonly kind: 'signed-in'; readonly user: StoredUser; readonly session: StoredSession }
  | { readonly kind: 'suspended' }

/** Who people are. Rejects as JournalStore does. */
export interface PeopleStore {
  /** In the order in which they were made. */
  users(limit: number): Promise<readonly StoredUser[]>
  /** @param idOrName an id before a name */
  user(idOrName: string): Promise<StoredUser | undefined>
  /** False: its id, name, e-mail or identity is taken. */
  addUser(user: StoredUser, audit: readonly AuditDraft[]): Promise<boolean>
  /** Ends his sessions and links with it. False: there is nobody of this id. */
  changeUser(change: UserChange): Promise<boolean>
  /** In place of the ones before. False: there is nobody of this id, or he is suspended. */
  addSignInLink(link: StoredLink, audit: readonly AuditDraft[]): Promise<boolean>
  /** As `addSignInLink`, unless somebody is there already who could make one: a user or a token with `users:write`. */
  addFirstSignInLink(link: StoredLink, audit: readonly AuditDraft[]): Promise<boolean>
  /** Uses a link up. Undefined: there is none such that counts, and nothing has happened. */
  useSignInLink(use: LinkUse, audit: Omit<AuditDraft, 'subject'>): Promise<Arrived | undefined>
  /** Signs somebody in whom his provider has named; who was not there before is now. */
  arrive(arrival: Arrival, audit: Omit<AuditDraft, 'subject'>): Promise<Arrived>
  /** Ends the sessions of whom his provider gives nothing any more. Resolves with how many. */
  endSessionsOf(identity: UserIdentity, audit: Omit<AuditDraft, 'subject'>): Promise<number>
  session(id: string): Promise<{ readonly session: StoredSession; readonly user: StoredUser } | undefined>
  /** Newest first. */
  sessions(limit: number): Promise<readonly StoredSession[]>
  /** It was used: it ends later. */
  sawSession(id: string, at: number, expiresAt: number): Promise<void>
  /** False: there is none. */
  endSession(id: string, audit: readonly AuditDraft[]): Promise<boolean>
  /** Whether anybody has ever signed in. */
  hasEnrolledUsers(): Promise<boolean>
  /** Remembers that somebody goes to his provider. False: as many have gone already as may be under way. */
  beginSignIn(state: { readonly hash: string; readonly expiresAt: number }, now: number): Promise<boolean>
  /** Whether he who comes back had gone, in time; once. */
  takeSignIn(hash: string, now: number): Promise<boolean>
  /** Drops sessions, links and goings that are over. */
  dropPeople(now: number): Promise<void>
}
