import type { Contradiction } from '../merge.ts'
import type { Remark, Source } from '../statement.ts'
import type { Directive } from './parse.ts'
import { reasonOf } from './reasons.ts'

/** What there is to tell of an import, each thing once. */
export class Report {
  readonly #notes = new Map<string, Remark>()
  readonly problems: Remark[] = []
  readonly contradictions: Contradiction[] = []

  get notes(): readonly Remark[] {
    return [...this.#notes.values()].sort(
      (a, b) => compare(a.source.file, b.source.file) || (a.source.line ?? 0) - (b.source.line ?? 0),
    )
  }

  note(directive: Directive, message: string): void {
    const source = sourceOf(directive)
    this.#notes.set(`${source.file}\n${source.line}\n${source.key}\n${message}`, { source, message })
  }

  lost(directive: Directive, why: string = reasonOf(directive.name)): void {
    this.note(directive, `not carried over: ${why}`)
  }

  problem(directive: Directive, message: string): void {
    this.problems.push({ source: sourceOf(directive), message })
  }

  contradict(subject: string, field: string, said: readonly (readonly [value: string, directive: Directive])[]): void {
    const values = said.map(([value, directive]) => ({ value, sources: [sourceOf(directive)] }))
    this.contradictions.push({ subject, field, values })
  }
}

export function sourceOf({ file, line, name, args }: Directive): Source {
  const words = [name, ...args].join(' ')
  return { file, line, key: words.length > 80 ? `${words.slice(0, 79)}…` : words }
}

/** `conf.d/a.conf:12 location /api/` */
export function placeOf(directive: Directive): string {
  const { file, line, key } = sourceOf(directive)
  return `${file}:${line} ${key}`
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
