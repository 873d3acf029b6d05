import { at, isEnvelope, isObject, wrappers } from '#shared/probe/shape.ts'
import { readNumbers } from './json-numbers.ts'
import { nginxStatus } from './nginx-status.ts'
import { PrometheusReader } from './prometheus-text.ts'
import type { Sample } from './sample.ts'

/** In which dialect a page is written. */
export type Dialect = 'prometheus' | 'prometheus in JSON' | 'JSON' | 'nginx status'

export type PageContent = {
  readonly dialect: Dialect
  /** Samples that were handed over. */
  readonly samples: number
  /** Lines that were none. */
  readonly unreadable: number
  /** Not all of it was read. */
  readonly cut: boolean
}

/** How much is read before others have their turn. */
const turnCharacters = 32 * 1024
const mostSamples = 50_000

/**
 * Hands over the numbers of a page, whatever its dialect and its content type. Long pages are read in turns, so that nothing else in
 * this process waits for them. Never throws.
 * @param truncated whether `body` is only the beginning of the page
 */
export async function readPage(body: Buffer, truncated: boolean, take: (sample: Sample) => void): Promise<PageContent> {
  const text = body.toString('utf8').replace(/^\uFEFF/, '')
  const form = formOf(text)
  let samples = 0
  const counted = (sample: Sample) => {
    samples += 1
    if (samples <= mostSamples) take(sample)
  }
  if (form.dialect === 'JSON') {
    readNumbers(form.json, counted)
    return { dialect: form.dialect, samples: Math.min(samples, mostSamples), unreadable: 0, cut: samples > mostSamples }
  }
  const status = nginxStatus(form.text)
  if (status) {
    for (const sample of status) counted(sample)
    return { dialect: 'nginx status', samples, unreadable: 0, cut: false }
  }
  const reader = new PrometheusReader()
  // The last line of a page that was cut may be half a number.
  const end = truncated ? form.text.lastIndexOf('\n') + 1 : form.text.length
  const whole = end === form.text.length ? form.text : form.text.slice(0, end)
  let start = 0
  while (start < whole.length && samples <= mostSamples) {
    start = reader.read(whole, start, turnCharacters, counted)
    if (start < whole.length) await new Promise((resolve) => setImmediate(resolve))
  }
  const cut = truncated || samples > mostSamples
  return { dialect: form.dialect, samples: Math.min(samples, mostSamples), unreadable: reader.unreadable, cut }
}

type Form =
  | { readonly dialect: 'JSON'; readonly json: object }
  | { readonly dialect: 'prometheus' | 'prometheus in JSON'; readonly text: string }

function formOf(text: string): Form {
  const json = /^\s*["[{]/.test(text) ? parse(text) : undefined
  const wrapped = textIn(json)
  if (wrapped !== undefined) {
    const inner = /^\s*[[{]/.test(wrapped) ? parse(wrapped) : undefined
    if (typeof inner === 'object' && inner !== null) return { dialect: 'JSON', json: inner }
    return { dialect: 'prometheus in JSON', text: wrapped }
  }
  if (typeof json === 'object' && json !== null) return { dialect: 'JSON', json }
  return { dialect: 'prometheus', text }
}

/** The text that a JSON value is, or that its envelope holds. */
function textIn(json: unknown): string | undefined {
  if (typeof json === 'string') return json
  if (!isObject(json) || !isEnvelope(json)) return undefined
  return wrappers
    .map((wrapper) => at(json, wrapper))
    .find((inner): inner is string => typeof inner === 'string' && inner.includes('\n'))
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
