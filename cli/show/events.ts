import * as z from 'zod/mini'
import type { EventView } from '#shared/protocol/api.ts'
import { Reason, reasonText } from '#shared/protocol/reason.ts'
import { clock } from './age.ts'
import { historyText } from './history.ts'
import type { Style } from './style.ts'
import { list } from './text.ts'

/** One event on one line: `812  2026-03-01T10:00:05Z  judged  crm-1a2b3c4d  critical: refused  (agent:n-...)` */
export function showEvent(event: EventView, { paint }: Style): string {
  const { revision, at, by, kind, subject } = event
  const parts = [paint(String(revision), 'faint'), clock(at), paint(kind, 'strong'), subject, whatChanged(event)]
  return `${parts.filter((part) => part !== '').join('  ')}  ${paint(`(${by})`, 'faint')}`
}

export function showEvents(events: readonly EventView[], style: Style): string {
  if (events.length === 0) return 'Nothing has happened.'
  return events.map((event) => showEvent(event, style)).join('\n')
}

/** What is worth reading of a change. A kind that this version does not know is shown as it is. */
export function whatChanged({ kind, change }: Pick<EventView, 'kind' | 'change'>): string {
  const text = (name: string) => textOf(change[name])
  switch (kind) {
    case 'node-joined':
      return nodeText(change.node)
    case 'node-attached':
      return `to ${textOf(at(change.attachment, 'replica'))}`
    case 'contact-changed':
      return change.goodbye === true ? `${text('contact')}, said goodbye` : text('contact')
    case 'registered':
      return specText(change.spec, text('node'))
    case 'judged':
      return `${text('health')}: ${reasonOf(change.reason)}`
    case 'death-confirmed':
      return `${textOf(at(change.death, 'how'))} at ${listOf(at(change.death, 'vantages'))}`
    case 'admitted':
    case 'node-admitted':
      return admittedText(text('admission'), text('reason'), change.expiresAt)
    case 'deregistered':
      return text('cause')
    case 'log-level-ordered':
      return admittedText(text('level') || 'as it is configured', text('reason'), change.expiresAt)
    case 'restart-ordered':
      return admittedText(`${text('name')} (${text('id')})`, text('reason'), change.expiresAt)
    case 'restart-ended': {
      const [state, why] = ['state', 'why'].map((name) => textOf(at(change.outcome, name)))
      return `${text('id')} ${state}${why ? `: ${why}` : ''}`
    }
    case 'settings-written':
      return [change.restores === null ? 'new' : `as in version ${text('restores')}`, text('comment')]
        .filter((part) => part !== '')
        .join(': ')
    case 'foreign-found':
      return `${specText(change.spec, textOf(at(change.spec, 'node')))}, ${foreignText(change)}`
    case 'foreign-judged':
      return foreignText(change)
    case 'frozen':
    case 'thawed':
      return text('reason')
    case 'hold-begun':
      return `${text('site')}: ${listOf(change.machines)}${change.of === undefined ? '' : `, of ${text('of')}`}${untilText(change.until)}`
    case 'hold-ended':
      return [text('site'), holdEnds[text('why')] ?? ''].filter((part) => part !== '').join(': ')
    case 'restored':
      return `from a backup as of revision ${text('from')}${ofTime(change.backupAt)}`
    case 'history-told': {
      const changes = Array.isArray(change.changes) ? change.changes : []
      return historyText(changes, change.lostChanges, change.lostSamples, (past) => reasonOf(at(past, 'reason')))
    }
    case 'node-demoted':
    case 'node-left':
    case 'fell-silent':
    case 'foreign-gone':
      return ''
    default:
      return JSON.stringify(change)
  }
}

const holdEnds: Readonly<Record<string, string>> = { time: 'its time was over', contact: 'its machines are back' }

function nodeText(node: unknown): string {
  const name = textOf(at(node, 'name')) || 'without a name'
  const incarnation = at(node, 'incarnation')
  // A node without an agent has no starts to count.
  const start = typeof incarnation === 'number' && incarnation > 0 ? `, start ${incarnation}` : ''
  return `${name} at ${textOf(at(node, 'address')) || 'no address'}${start}`
}

function specText(spec: unknown, node: string): string {
  return `${textOf(at(spec, 'service'))} at ${textOf(at(spec, 'address'))}:${textOf(at(spec, 'port'))} on ${node}`
}

function foreignText({ health, check }: EventView['change']): string {
  return check ? `${textOf(health)}: ${textOf(check)}` : textOf(health)
}

function admittedText(admission: string, why: string, expiresAt: unknown): string {
  return `${admission}${untilText(expiresAt)}${why === '' ? '' : `: ${why}`}`
}

/** The journal keeps times as epoch milliseconds. */
function untilText(time: unknown): string {
  return typeof time === 'number' && Math.abs(time) < 8.64e15 ? ` until ${clock(new Date(time).toISOString())}` : ''
}

function ofTime(time: unknown): string {
  return typeof time === 'number' && Math.abs(time) < 8.64e15 ? `, made ${new Date(time).toISOString()}` : ''
}

function reasonOf(value: unknown): string {
  const result = z.safeParse(Reason, value)
  return result.success ? reasonText(result.data) : textOf(at(value, 'code'))
}

function listOf(value: unknown): string {
  return Array.isArray(value) ? list(value.map(textOf)) : ''
}

function at(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined
}

function textOf(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : ''
}
