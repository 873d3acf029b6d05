import { type Permission, permissionsOf } from '#shared/access/permissions.ts'

/** What somebody may be let do by another system's word: what an operator may, so nothing of tokens, users or who nodes are is among it. */
export const vouchable: ReadonlySet<Permission> = new Set(
  permissionsOf.operator.filter(
    (permission) => !/^(tokens|users|identity|audit|store|environments|tenants):/.test(permission),
  ),
)

/**
 * What the permissions of another system let its user do here.
 * @param held what it says that he has
 * @param meanings what each of them means here; one that is not named means nothing
 */
export function grantsOf(
  held: Iterable<string>,
  meanings: Readonly<Record<string, readonly Permission[]>>,
): readonly Permission[] {
  const granted = new Set<Permission>()
  for (const name of held) {
    if (!Object.hasOwn(meanings, name)) continue
    for (const permission of meanings[name] ?? []) if (vouchable.has(permission)) granted.add(permission)
  }
  return [...granted]
}
