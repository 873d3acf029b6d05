export type FileResult = {
  readonly file: string
  readonly passed: boolean
  readonly tookMs: number
  readonly failures: readonly TestFailure[]
}

/** `path` leads from the outermost test to the assertion; `details` is what tap says about it, in YAML. */
export type TestFailure = { readonly path: readonly string[]; readonly details: string }

export type Totals = { readonly passed: number; readonly failed: number; readonly skipped: number }

/** Reads what tap writes, line by line: each file's result as soon as it is complete, and in the end the totals. */
export class TapReading {
  /** Undefined until tap has closed its report; a run that broke off has none. */
  totals: Totals | undefined
  #lines: string[] = []
  #ended: { readonly file: string; readonly passed: boolean; readonly tookMs: number } | undefined

  /** Takes one line without its end; answers with the result of a file if the line completes one. */
  take(line: string): FileResult | undefined {
    const totals = /^# \{ (.*) \}$/.exec(line)?.[1]
    if (totals !== undefined) this.totals = parseTotals(totals)
    const [, not, file, took] = /^(not )?ok \d+ - (.*?)(?: # time=(.*))?$/.exec(line) ?? []
    if (file !== undefined) this.#ended = { file, passed: not === undefined, tookMs: milliseconds(took) }
    this.#lines.push(line)
    // A file that failed has details after its result; an empty line follows either way.
    return this.#ended !== undefined && line === '' ? this.finish() : undefined
  }

  /** The result of the last file, if the report ended without the empty line. */
  finish(): FileResult | undefined {
    const ended = this.#ended
    if (ended === undefined) return undefined
    const failures = ended.passed ? [] : failuresIn(this.#lines)
    this.#lines = []
    this.#ended = undefined
    return { ...ended, failures }
  }
}

/** The innermost failures of a report. What contains a failure fails too, but has nothing to say that is not said already. */
export function failuresIn(lines: readonly string[]): readonly TestFailure[] {
  const failures: { path: readonly string[]; details: string; depth: number }[] = []
  const path: { readonly name: string; readonly depth: number; readonly failuresBefore: number }[] = []
  lines.forEach((line, index) => {
    const depth = line.search(/\S|$/)
    const [, opened] = /^\s*# Subtest: (.*)$/.exec(line) ?? []
    if (opened !== undefined) path.push({ name: opened, depth, failuresBefore: failures.length })
    const [, not, name] = /^\s*(not )?ok \d+ -? ?(.*?)(?: # time=.*)?$/.exec(line) ?? []
    if (name === undefined || / # (SKIP|TODO)/i.test(line)) return
    const closed = path.at(-1)?.depth === depth ? path.pop() : undefined
    if (not === undefined || failures.length > (closed?.failuresBefore ?? failures.length)) return
    failures.push({ path: [...path.map(({ name }) => name), name], details: detailsAfter(lines, index), depth })
  })
  return failures.map(({ path, details }) => ({ path, details }))
}

/** The YAML block after a line, without its marks and its indentation. */
function detailsAfter(lines: readonly string[], index: number): string {
  const start = lines[index + 1] ?? ''
  if (start.trim() !== '---') return ''
  const indentation = start.length - 3
  const end = lines.findIndex((line, at) => at > index && line === `${start.slice(0, indentation)}...`)
  return lines
    .slice(index + 2, end === -1 ? undefined : end)
    .map((line) => line.slice(indentation))
    .filter((line) => line.trim() !== '')
    .join('\n')
}

function parseTotals(text: string): Totals {
  const count = (name: string) => Number(new RegExp(`\\b${name}: (\\d+)`).exec(text)?.[1] ?? 0)
  return { passed: count('pass'), failed: count('fail'), skipped: count('skip') + count('todo') }
}

/** Of a duration as tap writes it: 80ms, 1.5s, 2m. */
function milliseconds(text = ''): number {
  const [, number = '0', unit = 'ms'] = /^([\d.]+)(ms|s|m)/.exec(text) ?? []
  return Number(number) * (unit === 'ms' ? 1 : unit === 's' ? 1_000 : 60_000)
}
