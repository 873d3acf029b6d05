import { type Role, roles } from '#shared/access/permissions.ts'

/** The highest role that groups give; undefined: none of them gives any. */
export function roleOf(groups: readonly string[], map: Readonly<Record<string, Role>>): Role | undefined {
  const given = new Set(groups.flatMap((group) => (Object.hasOwn(map, group) ? [map[group]] : [])))
  return roles.find((role) => given.has(role))
}

/** The groups in a claim: a list of texts, or one text. Everything else has none. */
export function groupsIn(claim: unknown): readonly string[] {
  if (typeof claim === 'string') return claim === '' ? [] : [claim]
  return Array.isArray(claim) ? claim.filter((each) => typeof each === 'string') : []
}

/** What somebody is called here of whom his provider says this. It identifies nobody. */
export function nameIn(claims: Readonly<Record<string, unknown>>, subject: string): string {
  const said = [claims.preferred_username, claims.name, claims.email].find((each) => typeof each === 'string')
  const plain = (text: string) =>
    text
      .normalize('NFKC')
      .replace(/[^\p{L}\p{N}._@-]+/gu, '_')
      .slice(0, 64)
  return plain(said ?? '').replace(/^_+$/, '') || plain(subject) || 'unnamed'
}
