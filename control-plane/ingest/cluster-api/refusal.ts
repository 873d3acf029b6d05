import type { ErrorRequestHandler, Response } from 'express'
import { explainError, Failure } from '#shared/failure/failure.ts'
import type { Logger } from '#shared/logging/logger.ts'

/** One field of a request that is not right. */
export type FieldProblem = { readonly field: string; readonly message: string }

/** A refusal that the caller gets to read: `{error, problems: [{field, message}]}`. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly status: number
  readonly problems: readonly FieldProblem[]

  constructor(status: number, message: string, problems: readonly FieldProblem[] = []) {
    super(message)
    this.status = status
    this.problems = problems
  }
}

/** Answers whatever a handler throws. What is nobody's fault but ours is logged. */
export function refusalHandler(log: Logger): ErrorRequestHandler {
  return (error: unknown, request, response, next) => {
    if (response.headersSent) next(error)
    else if (error instanceof Refusal) refuse(response, error.status, error.message, error.problems)
    else if (error instanceof Failure && error.retryable) {
      response.setHeader('Retry-After', '5')
      refuse(response, 503, `${explainError(error)} ${error.remedy}`)
    } else {
      const status = clientFault(error)
      if (status === undefined)
        log.error({ err: error, method: request.method, path: request.path }, 'a request failed')
      refuse(response, status ?? 500, status === undefined ? 'internal failure' : explainError(error))
    }
  }
}

function refuse(response: Response, status: number, error: string, problems: readonly FieldProblem[] = []): void {
  response.status(status).json({ error, problems })
}

/** Express and its body parser mark what the client did wrong with a 4xx. */
function clientFault(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('status' in error)) return undefined
  const { status } = error
  return typeof status === 'number' && status >= 400 && status < 500 ? status : undefined
}
