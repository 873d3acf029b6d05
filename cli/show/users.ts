import type { SessionView, UserLinkView, UserView } from '#shared/access/people-api.ts'
import { age } from './age.ts'
import type { Style } from './style.ts'
import { type Cell, table } from './table.ts'

const userHeads = ['USER', 'ID', 'ROLE', 'STATUS', 'COMES BY', 'LAST LOGIN'].map((head) => ({ head }))
const sessionHeads = ['SESSION', 'USER', 'BY', 'FROM', 'AGE', 'LAST SEEN', 'EXPIRES'].map((head) => ({ head }))

export function showUsers(users: readonly UserView[], style: Style): string {
  const rows = users.map((user): Cell[] => [
    user.username,
    user.id,
    user.role,
    user.status === 'active' ? user.status : { text: user.status, colour: 'faint' },
    user.issuer ?? 'links',
    user.last_login === null ? 'never' : `${age(user.last_login, style.now)} ago`,
  ])
  return table(userHeads, rows, style)
}

export function showUser({ username, role, status, enrolled_at }: UserView): string {
  const next = enrolled_at === null && status !== 'suspended' ? ` Next: heddle user invite ${username}` : ''
  return `${username}: ${role}, ${status}.${next}`
}

/** @param file where the link was written; undefined: it is shown */
export function showLink(
  made: Omit<UserLinkView, 'link'> & { readonly link?: string },
  style: Style,
  file?: string,
): string {
  const about = `${made.user} signs in by it once, until ${made.expires_at}.`
  if (file !== undefined) return `${about}\nIt is in ${file}.`
  return `${style.paint(made.link ?? '', 'strong')}\n${about} It is not shown again; send it where only ${made.user} reads it.`
}

export function showSessions(sessions: readonly SessionView[], style: Style): string {
  if (sessions.length === 0) return 'Nobody is signed in.'
  const rows = sessions.map((session): Cell[] => [
    session.id,
    session.user,
    session.signed_in_by,
    session.from,
    age(session.created_at, style.now),
    `${age(session.last_seen_at, style.now)} ago`,
    session.expires_at.slice(0, 16),
  ])
  return table(sessionHeads, rows, style)
}

export function showEnded({ id, user }: SessionView): string {
  return `Session ${id} of ${user} has ended.`
}
