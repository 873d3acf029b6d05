import type { EnvironmentView, TenantView } from '#shared/protocol/environment-api.ts'
import { age } from './age.ts'
import type { Style } from './style.ts'
import { type Cell, table } from './table.ts'

const heads = ['ENVIRONMENT', 'USER', 'TENANT', 'STATE', 'SERVER', 'SITE', 'UNITS', 'AGE', 'UNTIL'].map((head) => ({
  head,
}))

export function showEnvironments(environments: readonly EnvironmentView[], style: Style): string {
  if (environments.length === 0) return 'There is no environment.'
  const rows = environments.map((each): Cell[] => [
    each.id,
    each.user.name,
    each.tenant ?? '-',
    stateOf(each),
    each.server.instance,
    each.server.site || '-',
    String(each.units),
    age(each.created_at, style.now),
    each.expires_at?.slice(0, 16) ?? '-',
  ])
  return table(heads, rows, style)
}

function stateOf({ state }: EnvironmentView): Cell {
  if (state === 'ready') return { text: state, colour: 'good' }
  return state === 'failed' || state === 'released'
    ? { text: state, colour: 'faint' }
    : { text: state, colour: 'doubtful' }
}

export function showEnvironment(environment: EnvironmentView): string {
  const { id, state, user, tenant, server, units, permissions, author, reason, why, created_at, expires_at } =
    environment
  const where =
    server.address === null ? 'not there now' : `${server.address}${server.routable ? '' : ', not in service'}`
  return [
    `Environment  ${id}: ${state}${tenant === null ? '' : `, of the tenant ${tenant}`}`,
    `User         ${user.name}${user.email === null ? '' : ` <${user.email}>`}${user.id === null ? '' : `, in Zervi ${user.id}`}`,
    `Server       ${server.instance} (${where}) on ${server.node}${server.site === '' ? '' : `, site ${server.site}`}; ${units} of its capacity`,
    `May          ${permissions.join(', ') || 'nothing'}`,
    `Made         ${created_at} by ${author}: ${reason}`,
    ...(expires_at === null ? [] : [`Until        ${expires_at}`]),
    ...(why === null ? [] : [`Why          ${why}`]),
  ].join('\n')
}

const tenantHeads = ['TENANT', 'NODES', 'INSTANCES', 'ENVIRONMENTS', 'METRICS', 'REFUSED'].map((head) => ({ head }))

export function showTenants(tenants: readonly TenantView[], style: Style): string {
  if (tenants.length === 0) return 'There is no tenant.'
  const rows = tenants.map(({ tenant, has, may, refused }): Cell[] => [
    tenant,
    ...(['nodes', 'instances', 'environments', 'metrics'] as const).map((what): Cell => {
      const text = `${has[what]} of ${may[what]}`
      return has[what] >= may[what] ? { text, colour: 'doubtful' } : text
    }),
    String(refused.nodes + refused.instances + refused.environments + refused.metrics),
  ])
  return table(tenantHeads, rows, style)
}
