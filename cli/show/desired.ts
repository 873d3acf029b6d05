import type { ChangeView } from '#shared/protocol/change-api.ts'
import type { DesiredView, DoneState, RestartView } from '#shared/protocol/orders-api.ts'
import { clock } from './age.ts'
import type { Colour, Style } from './style.ts'
import { type Column, table } from './table.ts'
import { list } from './text.ts'

const words: Readonly<Record<DoneState, { readonly text: string; readonly colour: Colour | undefined }>> = {
  done: { text: 'done', colour: 'good' },
  pending: { text: 'pending', colour: 'doubtful' },
  rejected: { text: 'rejected', colour: 'bad' },
  unsupported: { text: 'not supported by this agent', colour: 'bad' },
  unknown: { text: 'unknown', colour: 'faint' },
}

const columns: readonly Column[] = [{ head: 'WHAT' }, { head: 'STATE' }, { head: 'DESIRED' }, { head: 'IS' }]

/** What a node should do and what it says that it does: one line each, then what went wrong, then its restarts. */
export function showDesired(view: DesiredView, style: Style): string {
  const { logging, settings, admissions, restarts } = view
  const { desired } = logging
  const level = desired
    ? `${desired.level}${untilText(desired.expires_at)}${causeText(desired)}`
    : 'as its own configuration says'
  const rows = [
    ['log level', words[logging.state], level, logging.level ?? '-'],
    [
      'settings',
      words[settings.state],
      settings.version || 'none',
      settings.running === '' ? 'none' : (settings.running ?? '-'),
    ],
    [
      'admissions',
      words[admissions.state],
      admissions.desired.map(({ instance, admission }) => `${instance} ${admission}`).join(', ') || 'all active',
      '',
    ],
    ...(view.gateways ? [gatewaysRow(view.gateways)] : []),
    ['restarts', words[restarts.state], `allowed: ${restarts.allowed?.join(', ') || '-'}`, restarts.running ?? '-'],
  ]
  const parts = [
    `${view.node} ${view.node_name}, ${view.contact}${view.said_at ? `, last said at ${clock(view.said_at)}` : ''}`,
    table(columns, rows, style),
  ]
  for (const { path, message } of settings.rejected?.problems ?? []) {
    parts.push(`settings ${settings.rejected?.version} rejected: ${path === '' ? '' : `${path}: `}${message}`)
  }
  for (const { instance, admission, expires_at, node, ...cause } of admissions.desired) {
    const whole = node === undefined ? '' : ', as all of the node'
    parts.push(`${instance} ${admission}${whole}${untilText(expires_at)}${causeText(cause)}`)
  }
  for (const restart of restarts.orders) parts.push(showRestart(restart, style))
  const refused = Object.entries(view.probes_refused ?? {})
  if (refused.length > 0) parts.push(`probes refused: ${list(refused.map(([cause, n]) => `${n} for their ${cause}`))}`)
  return parts.join('\n')
}

function gatewaysRow({ state, desired, is }: NonNullable<DesiredView['gateways']>) {
  const each = Object.entries(is ?? {}).map(([gateway, { state }]) => `${gateway} ${state}`)
  return ['gateways', words[state], desired === 'active' ? 'serving' : `drained (${desired})`, each.join(', ') || '-']
}

/** A restart and what became of it, with the last of what it wrote. */
export function showRestart(view: RestartView, { paint }: Style): string {
  const { id, name, node, state, code, why, output, expires_at } = view
  const colour: Colour = state === 'done' ? 'good' : state === 'open' ? 'doubtful' : 'bad'
  const ending = [code === null ? '' : ` with ${code}`, why === '' ? '' : `: ${why}`].join('')
  const head = `restart ${id} of ${name} on ${node}: ${paint(state, colour)}${ending}${state === 'open' ? untilText(expires_at) : ''}`
  return output === '' ? head : `${head}\n${output.replace(/^/gm, '  ')}`
}

export function showLogLevel({ changed, revision }: ChangeView, node: string, level: string): string {
  const what = level === 'default' ? `${node} logs as its own configuration says` : `${node} logs at ${level}`
  return changed ? `${what} as of revision ${revision}.` : `Nothing changed: ${what} already (revision ${revision}).`
}

function untilText(time: string | null): string {
  return time === null ? '' : ` until ${clock(time)}`
}

function causeText({ reason, by }: { readonly reason: string; readonly by: string }): string {
  return `${reason === '' ? '' : `: ${reason}`} (${by})`
}
