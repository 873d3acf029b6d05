import { explainError, Failure } from '#shared/failure/failure.ts'
import type { Style } from './style.ts'
import { printable } from './text.ts'

/** A failure for people: what, why and what now, each on its own lines. */
export function showFailure(error: unknown, paint: Style['paint']): string {
  if (!(error instanceof Failure)) return paragraph(paint('failed:', 'bad'), explainError(error))
  const lines = [paragraph(paint('failed:', 'bad'), error.message)]
  if (error.cause !== undefined) lines.push(paragraph('why:   ', explainError(error.cause)))
  lines.push(paragraph('remedy:', error.remedy), paint(`code:   ${error.code}`, 'faint'))
  return lines.join('\n')
}

/** `label text`, further lines of the text under the first. */
function paragraph(label: string, text: string): string {
  return `${label} ${text.split('\n').map(printable).join('\n        ')}`
}
