import type { AuthorityListView, EnrolmentTokenView, IdentityView } from '#shared/protocol/identity-api.ts'
import { age, clock, until } from './age.ts'
import type { Style } from './style.ts'
import { type Column, table } from './table.ts'

const identityColumns: readonly Column[] = [
  { head: 'NODE' },
  { head: 'STATE' },
  { head: 'SITE' },
  { head: 'MACHINE' },
  { head: 'ENROLMENT', align: 'right' },
  { head: 'CERTIFICATE ENDS IN', align: 'right' },
  { head: 'SERVICES' },
  { head: 'WAITING' },
]

export function showIdentities(identities: readonly IdentityView[], style: Style): string {
  if (identities.length === 0) return 'No node is known by a certificate.'
  const rows = identities.map((identity) => {
    const { node, state, site, machine, enrolment, certificate, services, waiting } = identity
    return [
      node,
      { text: state, colour: state === 'enrolled' ? ('good' as const) : ('doubtful' as const) },
      site ?? '-',
      machine,
      String(enrolment),
      certificate ? until(certificate.not_after, style.now) : '-',
      services.join(', '),
      waiting ? { text: `${waiting.machine}, for ${age(waiting.since, style.now)}`, colour: 'doubtful' as const } : '-',
    ]
  })
  return table(identityColumns, rows, style)
}

export function showIdentity(identity: IdentityView): string {
  const { node, state, machine, enrolment, key, certificate, token, waiting } = identity
  const lines = [
    `${node}  ${state}, enrolment ${enrolment} by the token ${token || '-'}`,
    `Machine      ${machine}`,
    `Key          ${key}`,
    certificate
      ? `Certificate  ${certificate.serial}, ${clock(certificate.issued_at)} to ${clock(certificate.not_after)}`
      : 'Certificate  none yet',
    ...scopeLines(identity),
  ]
  if (!waiting) return lines.join('\n')
  return [
    ...lines,
    '',
    `Somebody waits to be this node since ${clock(waiting.since)}, by the token ${waiting.token}:`,
    `Machine      ${waiting.machine}`,
    `Key          ${waiting.key}`,
    ...scopeLines(waiting),
    `Let him in with: heddle identity approve ${node} --key ${waiting.key}`,
  ].join('\n')
}

export function showEnrolmentTokens(tokens: readonly EnrolmentTokenView[], style: Style): string {
  if (tokens.length === 0) return 'There is no enrolment token.'
  const columns: readonly Column[] = [
    { head: 'TOKEN' },
    { head: 'USES LEFT', align: 'right' },
    { head: 'ENDS IN', align: 'right' },
    { head: 'BY' },
    { head: 'SITE' },
    { head: 'SERVICES' },
    { head: 'RANGES' },
  ]
  const rows = tokens.map(({ id, uses_left: uses, expires_at: expires, by, site, services, ranges }) => [
    ...[id, String(uses), until(expires, style.now), by, site ?? 'any', services.join(', '), ranges.join(', ')],
  ])
  return table(columns, rows, style)
}

export function showAuthorities({
  installation,
  authorities,
  held_until: held,
  revocations,
}: AuthorityListView): string {
  const lines = authorities.map(
    ({ id, state, since, not_after: end, outside }) =>
      `${state.padEnd(9)} ${id}  since ${clock(since)}, ends ${clock(end)}${outside ? ', made by somebody else' : ''}`,
  )
  const hold =
    held === null ? [] : [`Certificates from before ${clock(held)} are held: heddle identity approve --all-before`]
  return [`Installation ${installation}, ${revocations} revocations`, ...lines, ...hold].join('\n')
}

function scopeLines({
  site,
  tenant,
  services,
  ranges,
  gateways,
  quotas,
}: Pick<IdentityView, 'site' | 'tenant' | 'services' | 'ranges' | 'gateways' | 'quotas'>) {
  return [
    `Site         ${site ?? '-'}${tenant === undefined ? '' : `, tenant ${tenant}`}`,
    `Services     ${services.join(', ')}`,
    `Addresses    ${ranges.join(', ')}`,
    `Gateways     ${gateways.join(', ') || 'none'}`,
    `At most      ${quotas.instances} instances, ${quotas.metrics} metrics in a report`,
  ]
}
