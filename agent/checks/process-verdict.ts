import { tamed } from '#shared/probe/words.ts'
import type { Verdict } from '#shared/protocol/check.ts'
import { reason } from '#shared/protocol/reason.ts'
import type { ProcessSpec } from './host-spec.ts'

/** A process as /proc/<pid>/stat tells it. */
export type Process = { readonly name: string; readonly state: string; readonly startedAt: string }

export function parseProcess(stat: string): Process | undefined {
  // The name stands in brackets and may hold anything, brackets too.
  const open = stat.indexOf('(')
  const close = stat.lastIndexOf(')')
  if (open < 0 || close < open) return undefined
  const fields = stat.slice(close + 2).split(' ')
  const [state = ''] = fields
  const startedAt = fields[19]
  return startedAt === undefined ? undefined : { name: stat.slice(open + 1, close), state, startedAt }
}

/** Whether a process has this name, of which Linux keeps the first 15 bytes. */
export function isNamed({ name }: Process, wanted: string): boolean {
  return name === Buffer.from(wanted).subarray(0, 15).toString('utf8')
}

/** Ended, but its parent has not noticed. */
export function isGone({ state }: Process): boolean {
  return state === 'Z' || state === 'X'
}

/** Whether /proc/net/tcp or tcp6 names a socket that listens on a port, at whatever address. */
export function hasListener(table: string, port: number): boolean {
  const digits = port.toString(16).toUpperCase().padStart(4, '0')
  return new RegExp(`^ *\\d+: [0-9A-F]+:${digits} [0-9A-F]+:0000 0A `, 'm').test(table)
}

const ok: Verdict = { health: 'passing', reason: reason('ok') }

export function processVerdict(process: Process | undefined, spec: ProcessSpec): Verdict {
  if (process === undefined || isGone(process)) return notRunning(spec)
  if (process.state === 'T' || process.state === 't') {
    return { health: 'warning', reason: reason('body_status', { word: 'stopped' }) }
  }
  return ok
}

export function notRunning({ name, pidFile, unit, port }: ProcessSpec): Verdict {
  const by = [
    ...(unit === undefined ? [] : [`unit ${unit}`]),
    ...(pidFile === undefined ? [] : [`pid file ${pidFile}`]),
    ...(name === undefined ? [] : [`process ${name}`]),
  ]
  const what = by.length > 0 ? by.join(', ') : `listener on port ${port}`
  return { health: 'critical', reason: reason('not_running', { what: what.slice(0, 200).toWellFormed() }) }
}

/** What `systemctl show` says of a unit, a setting a line. Undefined if it says nothing. */
export function unitVerdict(text: string, spec: ProcessSpec): Verdict | undefined {
  const settings = new Map(
    text.split('\n').map((line) => [line.split('=', 1)[0] ?? '', line.slice(line.indexOf('=') + 1)]),
  )
  const active = settings.get('ActiveState')
  if (active === undefined || active === '') return undefined
  if (active === 'active' || active === 'reloading' || active === 'refreshing') return ok
  if (active === 'activating' || active === 'deactivating' || active === 'maintenance') {
    return { health: 'warning', reason: reason('body_status', { word: tamed(active) }) }
  }
  return notRunning(spec)
}
