import { catalogue, type FailureCode } from './catalogue.ts'

export type { FailureCode } from './catalogue.ts'

export type FailureDetails = {
  /** What to do now, if it can be said more precisely than the catalogue says it. */
  readonly remedy?: string
  /** Whether the same attempt may succeed later without anybody changing anything. */
  readonly retryable?: boolean
  readonly cause?: unknown
}

/** A failure someone can act on. The message says what failed; the cause says why. */
export class Failure extends Error {
  override readonly name = 'Failure'
  readonly code: FailureCode
  readonly remedy: string
  readonly retryable: boolean

  constructor(code: FailureCode, message: string, { remedy, retryable = false, cause }: FailureDetails = {}) {
    super(message, { cause })
    this.code = code
    this.remedy = remedy ?? catalogue[code].remedy
    this.retryable = retryable
  }
}

/** The messages of an error and of its causes, outermost first, without stack traces. */
export function explainError(error: unknown): string {
  const parts: string[] = []
  for (let at: unknown = error; at !== undefined && at !== null && parts.length < 8; ) {
    if (!(at instanceof Error)) {
      parts.push(String(at))
      break
    }
    // An AggregateError (every address refused, say) has an empty message; its parts say what happened.
    const message = at instanceof AggregateError && at.message === '' ? String(at.errors[0]) : at.message
    parts.push(message || at.name)
    at = at.cause
  }
  return parts.join(': ')
}
