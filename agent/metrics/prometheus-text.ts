import type { Label, Sample, SampleType } from './sample.ts'

const mostNames = 20_000
const mostLabels = 64
const mostNameLength = 300

type Family = Pick<Sample, 'family' | 'type'>

/**
 * Reads Prometheus' text format (and OpenMetrics') line by line. What is no sample is counted and passed over. Never throws; each
 * character is looked at a bounded number of times.
 */
export class PrometheusReader {
  readonly #types = new Map<string, SampleType>()
  readonly #families = new Map<string, Family>()
  #unreadable = 0

  /** Lines that were no samples. */
  get unreadable(): number {
    return this.#unreadable
  }

  /**
   * Reads whole lines from `start` on, at least `most` characters of them if there are so many, and hands each sample over.
   * Answers with where it stopped.
   */
  read(text: string, start: number, most: number, take: (sample: Sample) => void): number {
    let at = start
    while (at < text.length && at - start < most) {
      const newline = text.indexOf('\n', at)
      const end = newline < 0 ? text.length : newline
      this.#line(text.slice(at, end).trim(), take)
      at = end + 1
    }
    return at
  }

  #line(line: string, take: (sample: Sample) => void): void {
    if (line === '') return
    if (line.startsWith('#')) {
      this.#comment(line)
      return
    }
    const read = readSample(line)
    if (read === undefined) this.#unreadable += 1
    else if (!/_created$/.test(read.name)) take({ ...read, ...this.#familyOf(read.name, read.labels) })
  }

  #comment(line: string): void {
    const [, name, type] = /^#\s{0,9}TYPE\s{1,9}(\S{1,300})\s{1,9}([a-z]{1,20})/.exec(line.slice(0, 400)) ?? []
    if (name === undefined || type === undefined || this.#types.size >= mostNames) return
    if (type === 'counter' || type === 'histogram' || type === 'summary') this.#types.set(name, type)
    else this.#types.set(name, 'gauge')
  }

  #familyOf(name: string, labels: readonly Label[]): Family {
    const known = this.#families.get(name)
    if (known) return known
    const family = this.#resolve(name, labels)
    if (this.#families.size < mostNames) this.#families.set(name, family)
    return family
  }

  #resolve(name: string, labels: readonly Label[]): Family {
    const own = this.#types.get(name)
    const [, base = name, suffix] = /^(.+)_(bucket|count|sum|total)$/.exec(name) ?? []
    const outer = this.#types.get(base)
    if (suffix === 'total') return { family: base, type: own ?? outer ?? 'counter' }
    if (suffix && (outer === 'histogram' || (outer === 'summary' && suffix !== 'bucket')))
      return { family: base, type: outer }
    if (suffix === 'bucket' && !own && labels.some(([label]) => label === 'le'))
      return { family: base, type: 'histogram' }
    return { family: name, type: own ?? 'gauge' }
  }
}

type Read = Pick<Sample, 'name' | 'labels' | 'value'>

/** `name{label="value",...} value [timestamp] [# exemplar]`; the name may also be the first thing within the braces, in quotes. */
function readSample(line: string): Read | undefined {
  let at = 0
  while (at < line.length && isNamePart(line.charCodeAt(at))) at += 1
  let name = line.slice(0, at)
  at = skip(line, at)
  let labels: readonly Label[] = []
  if (line[at] === '{') {
    const read = readLabels(line, at + 1)
    if (read === undefined) return undefined
    labels = read.labels
    if (name === '' && read.name !== undefined) name = read.name
    at = skip(line, read.end)
  }
  if (name === '' || name.length > mostNameLength || /^[\d.-]/.test(name)) return undefined
  let end = at
  while (end < line.length && !isBlank(line.charCodeAt(end))) end += 1
  const value = numberOf(line.slice(at, end))
  if (value === undefined || !isTail(line, skip(line, end))) return undefined
  return { name, labels, value }
}

/** Whether what follows a value is a timestamp, an exemplar, or nothing. */
function isTail(line: string, at: number): boolean {
  if (at >= line.length || line[at] === '#') return true
  let end = at
  while (end < line.length && !isBlank(line.charCodeAt(end))) end += 1
  const next = skip(line, end)
  return end - at <= 40 && numberOf(line.slice(at, end)) !== undefined && (next >= line.length || line[next] === '#')
}

type Labels = { readonly labels: readonly Label[]; readonly name: string | undefined; readonly end: number }

function readLabels(line: string, start: number): Labels | undefined {
  const labels: Label[] = []
  let name: string | undefined
  let at = skip(line, start)
  while (line[at] !== '}') {
    if (at >= line.length || labels.length > mostLabels) return undefined
    if (line[at] === '"') {
      const quoted = readQuoted(line, at)
      if (quoted === undefined) return undefined
      at = skip(line, quoted.end)
      // A quoted label name is followed by its value, a quoted metric name by nothing.
      if (line[at] !== '=') name ??= quoted.text
      else {
        const value = readQuoted(line, skip(line, at + 1))
        if (value === undefined) return undefined
        labels.push([quoted.text, value.text])
        at = skip(line, value.end)
      }
    } else {
      let end = at
      while (end < line.length && isNamePart(line.charCodeAt(end))) end += 1
      const label = line.slice(at, end)
      at = skip(line, end)
      if (label === '' || line[at] !== '=') return undefined
      const value = readQuoted(line, skip(line, at + 1))
      if (value === undefined) return undefined
      labels.push([label, value.text])
      at = skip(line, value.end)
    }
    if (line[at] === ',') at = skip(line, at + 1)
    else if (line[at] !== '}') return undefined
  }
  return { labels, name, end: at + 1 }
}

/** A text in quotes that starts at `start`. */
function readQuoted(line: string, start: number): { readonly text: string; readonly end: number } | undefined {
  if (line[start] !== '"') return undefined
  let escaped = false
  for (let at = start + 1; at < line.length; at += 1) {
    const letter = line[at]
    if (letter === '\\') {
      escaped = true
      at += 1
    } else if (letter === '"') {
      const text = line.slice(start + 1, at)
      return { text: escaped ? unescaped(text) : text, end: at + 1 }
    }
  }
  return undefined
}

function unescaped(text: string): string {
  return text.replace(/\\(.)/gs, (whole, letter) => {
    if (letter === 'n') return '\n'
    return letter === '\\' || letter === '"' ? letter : whole
  })
}

function numberOf(text: string): number | undefined {
  if (text.length > 40) return undefined
  if (/^nan$/i.test(text)) return Number.NaN
  const infinite = /^([+-]?)inf(inity)?$/i.exec(text)
  if (infinite) return infinite[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : undefined
}

function skip(line: string, start: number): number {
  let at = start
  while (at < line.length && isBlank(line.charCodeAt(at))) at += 1
  return at
}

function isBlank(code: number): boolean {
  return code === 32 || code === 9 || code === 13
}

/** Letters, digits, underscores and colons; and what careless pages write: dots, dashes, slashes, letters beyond ASCII. */
function isNamePart(code: number): boolean {
  return (
    (code >= 97 && code <= 122) ||
    (code >= 65 && code <= 90) ||
    (code >= 45 && code <= 58) ||
    code === 95 ||
    (code > 127 && code !== 0xfeff)
  )
}
