import type { DiffView, GatewayChangeView, PartView, PlaceView, PlanView } from '#shared/protocol/routing-api.ts'
import type { Style } from './style.ts'
import { count, list } from './text.ts'

const marks = { added: '+', changed: '~', removed: '-' } as const
const colours = { added: 'good', changed: 'doubtful', removed: 'bad' } as const

/** What an apply would do, gateway by gateway, and whom that concerns; or what keeps it from being applied. */
export function showPlan(plan: PlanView, style: Style): string {
  if (!plan.valid) return showProblems(plan.problems, style)
  const compared = plan.base === null ? 'no version holds yet' : `compared with version ${plan.base}`
  if (plan.changes.length === 0) return `Nothing would change (${compared}).`
  return [
    style.paint(`${count(plan.changes.length, 'gateway')} would change (${compared}).`, 'strong'),
    ...plan.changes.map((change) => showGateway(change, style)),
    showRadius(plan.radius),
  ].join('\n\n')
}

export function showDiff({ from, to, changes }: DiffView, style: Style): string {
  const what = from === null ? `Version ${to} is the first` : `From version ${from} to version ${to}`
  if (changes.length === 0) return `${what}: nothing differs at any gateway.`
  return [style.paint(`${what}.`, 'strong'), ...changes.map((change) => showGateway(change, style))].join('\n\n')
}

/** Everything that is wrong with a declaration, each with its place. */
export function showProblems(problems: readonly PlaceView[], { paint }: Style): string {
  const lines = problems.map(({ file, line, path, message }) => {
    const place = line === undefined ? file : `${file}:${line}`
    return `  ${[place, path === '' ? message : `${path}: ${message}`].filter((part) => part !== '').join(' ')}`
  })
  return [paint(`${count(problems.length, 'problem')}; nothing can be applied.`, 'bad'), ...lines].join('\n')
}

function showGateway({ gateway, proxy, mode, parts, rejected }: GatewayChangeView, { paint }: Style): string {
  const only = mode === 'observe' ? ', only observed' : ''
  return [
    paint(`${gateway} (${proxy}${only})`, 'strong'),
    ...parts.flatMap((part) => [
      `${paint(`  ${marks[part.change]} ${part.kind} ${part.name}`, colours[part.change])}  ${part.source}`,
      ...part.keys.map((key) => `      ${keyText(key)}`),
    ]),
    ...rejected.map((text) => paint(`  ! now rejected: ${text}`, 'bad')),
  ].join('\n')
}

function keyText({ key, before, after }: PartView['keys'][number]): string {
  return `${key}: ${valueText(before)} -> ${valueText(after)}`
}

function valueText(value: unknown): string {
  if (value === null || value === undefined) return 'none'
  const text = JSON.stringify(value)
  return text.length > 200 ? `${text.slice(0, 197)}...` : text
}

function showRadius({ gateways, routes, instances, requests }: PlanView['radius']): string {
  const share =
    requests === null
      ? 'unknown, nobody counts them at every gateway'
      : requests.all === 0
        ? 'none of the last hour, in which there were none'
        : `${percent(requests.concerned / requests.all)} of the last hour (${Math.round(requests.concerned)} of ${Math.round(requests.all)})`
  return [
    'Blast radius',
    `  gateways   ${list(gateways)}`,
    `  routes     ${routes}`,
    `  instances  ${instances.length === 0 ? 'none' : `${instances.length}: ${list(instances, 5)}`}`,
    `  requests   ${share}`,
  ].join('\n')
}

function percent(share: number): string {
  return `${Math.round(share * 1000) / 10}%`
}
