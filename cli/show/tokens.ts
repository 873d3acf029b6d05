import type { AccessView, TokenMadeView, TokenView } from '#shared/access/api.ts'
import { age } from './age.ts'
import type { Style } from './style.ts'
import { type Cell, table } from './table.ts'

const heads = ['TOKEN', 'NAME', 'MAY', 'TENANT', 'MADE BY', 'AGE', 'EXPIRES', 'LAST USED'].map((head) => ({ head }))

export function showTokens(tokens: readonly TokenView[], style: Style): string {
  if (tokens.length === 0) return 'No token was made yet.'
  const rows = tokens.map((token): Cell[] => [
    token.id,
    token.name,
    mayOf(token),
    token.tenant ?? '-',
    token.author,
    age(token.created_at, style.now),
    endOf(token),
    token.last_used_at === null ? 'never' : `${age(token.last_used_at, style.now)} ago`,
  ])
  return table(heads, rows, style)
}

/** @param file where the token was written; undefined: it is shown */
export function showMade(
  made: Omit<TokenMadeView, 'token'> & { readonly token?: string },
  style: Style,
  file?: string,
): string {
  const about = `Token ${made.id} for ${made.name} (${mayOf(made)}), until ${made.expires_at}.`
  if (file !== undefined) return `${about}\nIt is in ${file}: HEDDLE_TOKEN_FILE=${file}`
  return `${style.paint(made.token ?? '', 'strong')}\n${about} It is not shown again; keep it in a file that only you can read.`
}

export function showRevoked({ id, name, ended_at }: TokenView): string {
  return `Token ${id} of ${name} counts no more, since ${ended_at}.`
}

export function showWho({ kind, name, role, permissions, tenant, required }: AccessView): string {
  const who = kind === 'open' ? 'Nobody in particular' : name
  const may = role ?? permissions.join(', ')
  const bound = tenant === null ? '' : `, bound to the tenant ${tenant}`
  return `${who}: ${may}${bound}.${required ? '' : ' Callers need no token here: anybody may do everything.'}`
}

function mayOf({ kind, role, permissions }: Pick<TokenView, 'kind' | 'role' | 'permissions'>): string {
  if (kind === 'first') return 'make one token'
  return role ?? permissions.join(' ')
}

function endOf({ counts, ended_at, expires_at }: TokenView): Cell {
  if (ended_at !== null) return { text: 'taken back', colour: 'faint' }
  return counts ? expires_at.slice(0, 10) : { text: `expired ${expires_at.slice(0, 10)}`, colour: 'faint' }
}
