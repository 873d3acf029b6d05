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

const forbidden: ReadonlySet<FailureCode> = new Set(['TENANT_FOREIGN', 'TENANT_QUOTA'])

/** Whether it failed because of who asked: others might have it. */
export function isForbidden({ code }: Pick<Failure, 'code'>): boolean {
  return forbidden.has(code)
}

/** The messages of an error and of its causes, outermost first, each once, without stack traces. */
export function explainError(error: unknown): string {
  const parts: string[] = []
  // A chain may be a ring.
  for (let at = error, depth = 0; at !== undefined && at !== null && depth < 8; depth += 1) {
    const message = messageOf(at)
    // Libraries wrap an error in one with the same message.
    if (parts.at(-1) !== message) parts.push(message)
    at = at instanceof Error ? at.cause : undefined
  }
  return parts.join(': ')
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  // An AggregateError (every address refused, say) has an empty message; its parts say what happened.
  const [first]: readonly unknown[] = error instanceof AggregateError && error.message === '' ? error.errors : []
  return first === undefined ? error.message || error.name : messageOf(first)
}
