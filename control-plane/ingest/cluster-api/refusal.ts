import { STATUS_CODES } from 'node:http'
import type { FailureCode } from '#shared/failure/catalogue.ts'
import { explainError, Failure, isForbidden } from '#shared/failure/failure.ts'
import { yoursOf } from '#shared/http/conflict.ts'
import type { Logger } from '#shared/logging/logger.ts'
import type { ProblemView } from '#shared/protocol/api.ts'

/** One field of a request that is not right. */
export type FieldProblem = { readonly field: string; readonly message: string }

export type RefusalDetails = {
  /** What to do now; by default what the status calls for in general. */
  readonly remedy?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly code?: FailureCode
  /** What there is now, where a change was made to depend on what there was. */
  readonly current?: object
  /** The change that was not made, as it was sent. */
  readonly yours?: NonNullable<ProblemView['yours']>
}

/** A refusal that the caller gets to read. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly status: number
  readonly problems: readonly FieldProblem[]
  readonly remedy: string
  readonly headers: Readonly<Record<string, string>>
  readonly more: Pick<RefusalDetails, 'code' | 'current' | 'yours'>

  constructor(
    status: number,
    message: string,
    problems: readonly FieldProblem[] = [],
    { remedy = remedies[status] ?? '', headers = {}, ...more }: RefusalDetails = {},
  ) {
    super(message)
    this.status = status
    this.problems = problems
    this.remedy = remedy
    this.headers = headers
    this.more = more
  }
}

const remedies: Readonly<Record<number, string>> = {
  400: 'Correct the fields named in problems and send it again.',
  403: 'Leave it to its agent, or have an operator do it.',
  404: 'Check the path and the id.',
  412: 'Look at what there is now, decide again, and send its ETag in If-Match.',
  409: 'Say which one is meant, or choose another id.',
  413: 'Send less at once.',
  415: 'Send JSON in UTF-8, not compressed.',
  503: 'Send it again in some seconds.',
}

/** `success` and `error` are what old clients look for; `field` is the first of the fields in `problems`. */
export type RefusalBody = {
  readonly success: false
  readonly error: string
  readonly message: string
  readonly field: string | null
  readonly remedy: string
  readonly problems: readonly FieldProblem[]
  readonly code?: FailureCode
  readonly current?: object
  readonly yours?: NonNullable<ProblemView['yours']>
}

/** Does a change; where it was made for another version the refusal has both sides: what there is, and what was sent. */
export async function withYours<T>(
  ifMatch: string | undefined,
  sent: unknown,
  change: () => T | Promise<T>,
): Promise<T> {
  if (ifMatch === undefined) return await change()
  try {
    return await change()
  } catch (error) {
    if (!(error instanceof Refusal) || error.status !== 412) throw error
    const { status, message, problems, remedy, headers, more } = error
    throw new Refusal(status, message, problems, { remedy, headers, ...more, yours: yoursOf(ifMatch, sent) })
  }
}

export function refusalBody({ message, problems, remedy, more }: Refusal): RefusalBody {
  return { success: false, error: message, message, field: problems[0]?.field ?? null, remedy, problems, ...more }
}

/** The same as problem details (RFC 9457), as everything under `/v1` answers. */
export function problemBody({ status, message, problems, remedy, more }: Refusal): ProblemView {
  return {
    type: 'about:blank',
    title: STATUS_CODES[status] ?? 'Refused',
    status,
    detail: message,
    remedy,
    ...more,
    ...(problems.length > 0 ? { problems: problems.map((problem) => ({ ...problem })) } : {}),
  }
}

/** What is answered to whatever went wrong. What is nobody's fault but ours is logged. */
export function asRefusal(error: unknown, log: Logger, what: object): Refusal {
  if (error instanceof Refusal) return error
  if (error instanceof Failure && error.retryable) {
    return new Refusal(503, explainError(error), [], { remedy: error.remedy, headers: { 'retry-after': '5' } })
  }
  if (error instanceof Failure && isForbidden(error)) {
    const { code, remedy } = error
    return new Refusal(403, explainError(error), [], { code, remedy })
  }
  log.error({ err: error, ...what }, 'a request failed')
  return new Refusal(500, 'internal failure', [], { remedy: 'The log of the control plane says why.' })
}
