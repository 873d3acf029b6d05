import { type Permission, permissionsOf, type Role, roles } from '#shared/access/permissions.ts'

/** How an operation is kept in the audit: `with` the change, in its transaction, or `first`, before it is done, where it is done elsewhere. */
export type Audited = 'with' | 'first'

export type Operation = {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE'
  /** `/v1/nodes/:id` */
  readonly path: string
  /** `nothing`: anybody may · `token`: everybody who is known · else the permission. */
  readonly needs: Permission | 'nothing' | 'token'
  /**
   * What a caller that is bound to a tenant gets by it: the same as `any`body; what is its `own`, answered out of the fleet that this tenant
   * sees, as if there was no other; or `none`: it concerns the whole installation.
   */
  readonly tenant: 'any' | 'own' | 'none'
  readonly audited?: Audited
}

type Row = readonly [line: string, needs: Operation['needs'], tenant: Operation['tenant'], audited?: Audited]

/** Every operation of the API. What has no row here is not answered. */
const rows: readonly Row[] = [
  // Who asks whether the plane lives has no token.
  ['GET /health', 'nothing', 'any'],
  ['GET /metrics', 'metrics:read', 'none'],

  // Who signs in proves who he is by what he sends; who signs out, by what his page sends.
  ['GET /sign-in', 'nothing', 'any'],
  ['GET /sign-in/sign-in.js', 'nothing', 'any'],
  ['GET /sign-in/sign-in.css', 'nothing', 'any'],
  ['POST /sign-in/link', 'nothing', 'any'],
  ['GET /sign-in/oidc', 'nothing', 'any'],
  ['GET /sign-in/oidc/callback', 'nothing', 'any'],
  ['POST /sign-out', 'nothing', 'any'],

  ['GET /v1/openapi.json', 'token', 'any'],

  ['GET /v1/access', 'token', 'any'],
  ['GET /v1/tokens', 'tokens:read', 'none'],
  ['POST /v1/tokens', 'tokens:write', 'none', 'with'],
  ['POST /v1/tokens/:id/revoke', 'tokens:write', 'none', 'with'],
  ['GET /v1/audit', 'audit:read', 'none'],
  ['GET /v1/users', 'users:read', 'none'],
  ['POST /v1/users', 'users:write', 'none', 'with'],
  ['PUT /v1/users/:id/role', 'users:write', 'none', 'with'],
  ['POST /v1/users/:id/suspend', 'users:write', 'none', 'with'],
  ['POST /v1/users/:id/resume', 'users:write', 'none', 'with'],
  ['POST /v1/users/:id/links', 'users:write', 'none', 'with'],
  ['GET /v1/sessions', 'users:read', 'none'],
  ['POST /v1/sessions/:id/end', 'users:write', 'none', 'with'],

  ['GET /v1/status', 'fleet:read', 'none'],
  ['GET /v1/fingerprint', 'fleet:read', 'none'],
  ['GET /v1/events', 'fleet:read', 'own'],
  ['GET /v1/services', 'fleet:read', 'own'],
  ['GET /v1/nodes', 'fleet:read', 'own'],
  ['GET /v1/nodes/:id', 'fleet:read', 'own'],
  ['GET /v1/nodes/:id/desired', 'fleet:read', 'none'],
  ['PUT /v1/nodes/:id/admission', 'fleet:admit', 'own', 'with'],
  ['PUT /v1/nodes/:id/log-level', 'fleet:order', 'own', 'with'],
  ['POST /v1/nodes/:id/restarts', 'fleet:order', 'own', 'with'],
  ['GET /v1/nodes/:id/restarts/:restart', 'fleet:read', 'own'],
  ['GET /v1/instances', 'fleet:read', 'own'],
  ['GET /v1/instances/:id', 'fleet:read', 'own'],
  ['GET /v1/instances/:id/explain', 'fleet:read', 'own'],
  ['PUT /v1/instances/:id/admission', 'fleet:admit', 'own', 'with'],
  ['POST /v1/admissions', 'fleet:admit', 'own', 'with'],
  ['GET /v1/discovered', 'fleet:read', 'none'],
  ['GET /v1/discovered/:id', 'fleet:read', 'none'],
  ['PUT /v1/discovered/:id', 'fleet:discover', 'none', 'first'],
  ['GET /v1/discovery', 'fleet:read', 'none'],
  ['GET /v1/discovery/prometheus', 'fleet:read', 'none'],
  ['GET /v1/tenants', 'fleet:read', 'own'],
  ['PUT /v1/nodes/:id/tenant', 'tenants:write', 'none', 'with'],
  ['GET /v1/environments', 'environments:read', 'own'],
  ['POST /v1/environments', 'environments:write', 'own', 'with'],
  ['GET /v1/environments/:id', 'environments:read', 'own'],
  ['POST /v1/environments/:id/release', 'environments:write', 'own', 'with'],
  ['GET /v1/freeze', 'fleet:read', 'none'],
  ['POST /v1/freeze', 'fleet:freeze', 'none', 'with'],
  ['POST /v1/thaw', 'fleet:freeze', 'none', 'with'],
  ['GET /v1/federation', 'fleet:read', 'none'],
  ['GET /v1/federation/decision', 'fleet:read', 'none'],

  ['GET /v1/settings', 'settings:read', 'none'],
  ['GET /v1/settings/:scope', 'settings:read', 'none'],
  ['GET /v1/settings/:scope/nodes', 'settings:read', 'none'],
  ['GET /v1/settings/:scope/versions/:version', 'settings:read', 'none'],
  ['PUT /v1/settings/:scope', 'settings:write', 'none', 'with'],
  ['POST /v1/settings/:scope/rollback', 'settings:write', 'none', 'with'],

  ['GET /v1/routing', 'routing:read', 'none'],
  ['GET /v1/routing/declaration', 'routing:read', 'none'],
  ['POST /v1/routing/plan', 'routing:read', 'none'],
  ['POST /v1/routing/explain', 'routing:read', 'none'],
  ['GET /v1/routing/versions', 'routing:read', 'none'],
  ['GET /v1/routing/versions/:number', 'routing:read', 'none'],
  ['GET /v1/routing/diff', 'routing:read', 'none'],
  ['GET /v1/routing/gateways/:name/routes', 'routing:read', 'none'],
  ['GET /v1/routing/routes/:name/explain', 'routing:read', 'none'],
  ['GET /v1/routing/splits', 'routing:read', 'none'],
  ['GET /v1/routing/splits/:service', 'routing:read', 'none'],
  ['POST /v1/routing/versions', 'routing:write', 'none', 'with'],
  ['POST /v1/routing/rollback', 'routing:write', 'none', 'with'],
  ['POST /v1/routing/abort', 'routing:write', 'none', 'with'],
  ['POST /v1/routing/splits/:service', 'routing:write', 'none', 'with'],

  ['GET /v1/upgrades', 'fleet:read', 'none'],
  ['POST /v1/upgrades/releases', 'upgrades:write', 'none', 'with'],
  // Pieces of what was added with a row of the audit; each is checked against its hash.
  ['PUT /v1/upgrades/releases/:sha256/pieces', 'upgrades:write', 'none'],
  // Agents come with their certificates, and judge by a signature what they get.
  ['GET /v1/upgrades/releases/:sha256/pieces/:offset', 'token', 'any'],
  ['POST /v1/upgrades/rollouts', 'upgrades:write', 'none', 'with'],
  ['GET /v1/upgrades/rollouts/:id', 'fleet:read', 'none'],
  ['POST /v1/upgrades/rollouts/:id', 'upgrades:write', 'none', 'with'],

  ['GET /v1/drift', 'fleet:read', 'none'],
  ['POST /v1/drift/repair', 'drift:repair', 'none', 'first'],
  ['GET /v1/datacenters/:name/lint', 'fleet:read', 'none'],
  ['POST /v1/datacenters/:name/sweep', 'mirror:write', 'none', 'first'],
  ['POST /v1/datacenters/:name/deletions', 'mirror:write', 'none', 'first'],
  ['GET /v1/backup', 'store:backup', 'none', 'first'],

  // Who enrols or renews proves who it is by what it sends.
  ['POST /v1/enrol', 'nothing', 'any'],
  ['POST /v1/renew', 'nothing', 'any'],
  ['GET /v1/identity', 'identity:read', 'none'],
  ['GET /v1/identities', 'identity:read', 'none'],
  ['GET /v1/identities/:node', 'identity:read', 'none'],
  ['POST /v1/identities/:node/approve', 'identity:write', 'none', 'with'],
  ['POST /v1/identities/:node/revoke', 'identity:write', 'none', 'with'],
  ['GET /v1/identity/tokens', 'identity:read', 'none'],
  ['POST /v1/identity/tokens', 'identity:write', 'none', 'with'],
  ['POST /v1/identity/tokens/:id/end', 'identity:write', 'none', 'with'],
  ['POST /v1/identity/rotate', 'identity:write', 'none', 'with'],
  ['POST /v1/identity/release', 'identity:write', 'none', 'with'],

  // The registry's calls, which exist without the /v1 too. What clients say of themselves is in the journal, under their names.
  ['GET /cluster/status', 'registry:read', 'own'],
  ['GET /cluster/services', 'registry:read', 'own'],
  ['POST /cluster/register', 'registry:write', 'own'],
  ['PUT /cluster/register', 'registry:write', 'own'],
  ['POST /cluster/heartbeat/:id', 'registry:write', 'own'],
  ['PUT /cluster/heartbeat/:id', 'registry:write', 'own'],
  ['DELETE /cluster/deregister/:id', 'registry:write', 'own'],
  ['POST /cluster/deregister/:id', 'registry:write', 'own'],
  ['POST /cluster/metrics/:id', 'registry:write', 'own'],
  ['GET /cluster/metrics/:id', 'registry:read', 'own'],
  ['POST /cluster/batch', 'registry:write', 'own'],
  ['POST /cluster/import', 'registry:import', 'none', 'first'],
  ['GET /cluster/nodes', 'registry:read', 'own'],
  ['GET /cluster/nodes/status', 'registry:read', 'own'],
  ['POST /cluster/nodes', 'registry:write', 'own'],
  ['PUT /cluster/nodes', 'registry:write', 'own'],
  ['POST /cluster/nodes/register', 'registry:write', 'own'],
  ['PUT /cluster/nodes/register', 'registry:write', 'own'],
  ['POST /cluster/nodes/unregister', 'registry:write', 'own'],
  ['DELETE /cluster/nodes/unregister', 'registry:write', 'own'],
  ['POST /cluster/nodes/heartbeat', 'registry:write', 'own'],
  ['POST /cluster/nodes/failure', 'registry:write', 'own'],
  ['POST /cluster/nodes/report-failure', 'registry:write', 'own'],
  ['GET /cluster/nodes/sync', 'registry:read', 'none'],
  ['POST /cluster/nodes/sync', 'registry:write', 'none'],
  ['POST /cluster/nodes/sync/user', 'registry:write', 'none'],
  ['POST /cluster/nodes/sync/users', 'registry:write', 'none'],
  ['POST /cluster/nodes/sync/config', 'registry:write', 'none'],
  ['GET /cluster/nodes/sync/:task', 'registry:read', 'none'],
  ['GET /cluster/nodes/:id', 'registry:read', 'own'],
  ['GET /cluster/nodes/:id/status', 'registry:read', 'own'],
  ['PUT /cluster/nodes/:id', 'registry:write', 'own'],
  ['POST /cluster/nodes/:id', 'registry:write', 'own'],
  ['DELETE /cluster/nodes/:id', 'registry:write', 'own'],
  ['POST /cluster/nodes/:id/unregister', 'registry:write', 'own'],
  ['POST /cluster/nodes/:id/heartbeat', 'registry:write', 'own'],
  ['PUT /cluster/nodes/:id/heartbeat', 'registry:write', 'own'],
  ['POST /cluster/nodes/:id/failure', 'registry:write', 'own'],
  ['GET /cluster/nodes/:id/sync', 'registry:read', 'none'],
  ['POST /cluster/nodes/:id/sync', 'registry:write', 'none'],
]

export const matrix: readonly Operation[] = rows.map(([line, needs, tenant, audited]) => {
  const [method, path = ''] = line.split(' ') as [Operation['method'], string?]
  return { method, path, needs, tenant, ...(audited ? { audited } : {}) }
})

/** The roles that may do an operation. */
export function rolesFor({ needs }: Operation): readonly Role[] {
  if (needs === 'nothing' || needs === 'token') return roles
  return roles.filter((role) => permissionsOf[role].includes(needs))
}
