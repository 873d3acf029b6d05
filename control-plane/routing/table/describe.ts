import type { Action, Condition, Route } from '../table.ts'

/** A route in words, for lists that people read. */
export type RouteWords = {
  readonly name: string
  readonly match: string
  readonly besides: readonly string[]
  readonly to: string
  readonly path: string
  readonly access: string
  readonly policy: readonly string[]
  readonly source: string
}

export function describeRoute({ name, match, action, policy, source }: Route): RouteWords {
  const { hosts, clients, path, methods, headers, query } = match
  const { access } = policy
  return {
    name,
    match: `${path.kind} ${path.path}`,
    besides: [
      ...(hosts.length > 0 ? [`host ${hosts.join(' or ')}`] : []),
      ...(methods.length > 0 ? [methods.join(' or ')] : []),
      ...headers.map((condition) => `header ${conditionText(condition)}`),
      ...query.map((condition) => `query ${conditionText(condition)}`),
      ...(clients.length > 0 ? [`client ${clients.join(' or ')}`] : []),
    ],
    to: targetText(action),
    path: pathText(action),
    access:
      access.kind === 'open'
        ? 'open'
        : [access.authenticator, ...access.permissions.map((each) => `+${each}`)].join(' '),
    policy: [...limits(policy), ...forwarding(action)],
    source,
  }
}

function conditionText(condition: Condition): string {
  if ('is' in condition) return `${condition.name}=${condition.is}`
  return condition.present ? `${condition.name} there` : `${condition.name} not there`
}

function targetText(action: Action): string {
  switch (action.kind) {
    case 'forward': {
      const total = action.choices.reduce((sum, { weight }) => sum + weight, 0)
      const choices = action.choices.map(({ service, weight }) =>
        action.choices.length === 1 ? service : `${service} ${Math.round((weight / total) * 1000) / 10}%`,
      )
      const { split } = action
      const cohort = split?.cohort ? [`cohort to ${split.canary}: ${split.cohort.map(conditionText).join(', ')}`] : []
      return [choices.join(', '), ...cohort, ...(action.mirror ? [`copies to ${action.mirror.service}`] : [])].join(
        '; ',
      )
    }
    case 'redirect':
      return `redirect ${action.status}`
    case 'answer':
      return `answer ${action.status}`
  }
}

function pathText(action: Action): string {
  if (action.kind !== 'forward') return '-'
  return action.path.kind === 'rewrite' ? `rewrite ${action.path.to}` : action.path.kind
}

function limits({ rate, cors, maxBodyBytes }: Route['policy']): readonly string[] {
  return [
    ...(rate ? [`rate ${rate.requests} in ${rate.perMs / 1000} s by ${rate.by}`] : []),
    ...(cors ? [`cors ${cors.origins.join(', ')}`] : []),
    `body ${Math.round((maxBodyBytes / 1024 / 1024) * 100) / 100} MiB`,
  ]
}

function forwarding(action: Action): readonly string[] {
  if (action.kind !== 'forward') return []
  const { timeoutMs, retries } = action
  return [timeoutMs === undefined ? 'no timeout' : `timeout ${timeoutMs / 1000} s`, `retries ${retries}`]
}
