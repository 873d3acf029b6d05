import type { Reading } from '#shared/probe/body.ts'
import { bounded, type Word } from '#shared/probe/words.ts'
import type { Health, ProbeSpec } from '#shared/protocol/check.ts'
import { reasonText } from '#shared/protocol/reason.ts'
import type { Look, WireLook } from './look.ts'

export type Paint = (text: string, as: Health | 'faint') => string

const wires: Readonly<Record<WireLook, string>> = {
  kept: 'kept: it answers beside an idle connection',
  none: 'none: checks of this kind have none',
  unanswered: 'none: there was no complete answer',
  closed: 'none: the server ends the connection after its answer',
  blocked: 'none: the server answers nobody else beside an idle connection',
  slow: 'not yet: the server was too slow beside an idle connection to tell',
}

const mostWords = 40

/** What was seen and what is made of it, in lines for people. */
export function lookText({ spec, verdict, tookMs, answer, reading, wire }: Look, paint: Paint): string {
  const took = `in ${tookMs.toFixed(1)} ms`
  const answered = answer
    ? `${answer.status} ${took}, ${answer.body.length} bytes${answer.truncated ? ' of more than are read' : ''}`
    : `none that counts, ${took}`
  const rows: (readonly [string, readonly string[]])[] = [['asked', [questionText(spec)]]]
  if (spec.kind === 'http') rows.push(['answer', [answered]])
  else rows.push(['took', [`${tookMs.toFixed(1)} ms`]])
  if (spec.kind === 'http' && reading) {
    rows.push(['name', [nameText(spec.service, reading, verdict.reason.code)]])
    rows.push(['words', wordLines(reading, paint)])
  }
  rows.push(['verdict', [`${paint(verdict.health, verdict.health)}: ${plainly(reasonText(verdict.reason), 500)}`]])
  rows.push(['trip wire', [wires[wire]]])
  return rows
    .flatMap(([title, lines]) =>
      lines.map((line, n) => `${paint((n === 0 ? title : '').padEnd(9), 'faint')}  ${line}\n`),
    )
    .join('')
}

/** The same for scripts. */
export function lookJson({ spec, verdict, tookMs, answer, reading, wire }: Look): object {
  const { address, port, kind, service } = { service: undefined, ...spec }
  const { health, reason } = verdict
  return {
    asked: { kind, address, port, ...(service ? { service } : {}), ...('path' in spec ? { path: spec.path } : {}) },
    ...(answer ? { status: answer.status, bytes: answer.body.length, truncated: answer.truncated } : {}),
    took_ms: Math.round(tookMs * 10) / 10,
    ...(reading ? { names: reading.names, words: reading.own, dependencies: reading.dependencies } : {}),
    health,
    reason: { code: reason.code, params: reason.params ?? {} },
    wire,
  }
}

function questionText(spec: ProbeSpec): string {
  const place = spec.address.includes(':') ? `[${spec.address}]:${spec.port}` : `${spec.address}:${spec.port}`
  const within = 'tls' in spec && spec.tls ? ' within TLS' : ''
  return spec.kind === 'http'
    ? `GET ${plainly(spec.path, 200)} of ${place}${within}`
    : `${spec.kind} of ${place}${within}`
}

function nameText(expected: string, { names }: Reading, code: string): string {
  const told = names.map((name) => plainly(name, 60)).join(', ')
  if (told === '') return 'none told'
  if (expected === '') return `${told}; nobody in particular is expected (--service)`
  return code === 'identity_mismatch' ? `${told}, but ${expected} is expected` : `${told}, as expected`
}

function wordLines({ own, dependencies }: Reading, paint: Paint): readonly string[] {
  const words = [
    ...own.map((word) => ({ ...word, of: '' })),
    ...dependencies.map((word) => ({ ...word, of: ', of a dependency' })),
  ]
  if (words.length === 0) return ['none']
  const shown = words.slice(0, mostWords)
  const width = Math.min(60, Math.max(...shown.map((word) => wordText(word).length)))
  const lines = shown.map((word) => {
    return `${wordText(word).padEnd(width)}  ${paint(word.meaning, healthOf[word.meaning])}${word.of}`
  })
  return words.length > mostWords ? [...lines, `and ${words.length - mostWords} more`] : lines
}

const healthOf = { good: 'passing', weak: 'warning', bad: 'critical', unknown: 'warning', off: 'faint' } as const

function wordText({ path, word }: Word): string {
  const text = plainly(String(word), 60)
  return path === '' ? text : `${plainly(path, 120)} = ${text}`
}

/** A text of a stranger, fit for a terminal: nothing in it can steer that. */
function plainly(text: string, most: number): string {
  return bounded(text.replace(/[\p{C}\s]+/gu, ' ').trim(), most)
}
