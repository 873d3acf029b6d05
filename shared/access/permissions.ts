/** What a caller may be let do. `docs/access.md` says what each is for; the matrix says which operation needs which. */
export const permissions = [
  'fleet:read',
  'fleet:admit',
  'fleet:freeze',
  'fleet:order',
  'fleet:discover',
  'settings:read',
  'settings:write',
  'routing:read',
  'routing:write',
  'mirror:write',
  'drift:repair',
  'upgrades:write',
  'registry:read',
  'registry:write',
  'registry:import',
  'metrics:read',
  'environments:read',
  'environments:write',
  'tenants:write',
  'store:backup',
  'identity:read',
  'identity:write',
  'tokens:read',
  'tokens:write',
  'users:read',
  'users:write',
  'audit:read',
] as const
export type Permission = (typeof permissions)[number]

export const roles = ['admin', 'operator', 'viewer'] as const
export type Role = (typeof roles)[number]

const viewer: readonly Permission[] = [
  'fleet:read',
  'settings:read',
  'routing:read',
  'registry:read',
  'metrics:read',
  'environments:read',
]
const operator: readonly Permission[] = [
  ...viewer,
  'fleet:admit',
  'fleet:freeze',
  'fleet:order',
  'fleet:discover',
  'settings:write',
  'routing:write',
  'drift:repair',
  'registry:write',
  'environments:write',
  'identity:read',
]

/** What each role may do. An admin may do everything. */
export const permissionsOf: Readonly<Record<Role, readonly Permission[]>> = { admin: permissions, operator, viewer }
