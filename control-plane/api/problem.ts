import type { ErrorRequestHandler, Request, Response } from 'express'
import * as z from 'zod/mini'
import { flatIssues, issueText } from '#shared/config/issue.ts'
import { explainError, Failure, isForbidden } from '#shared/failure/failure.ts'
import { yoursOf } from '#shared/http/conflict.ts'
import type { Logger } from '#shared/logging/logger.ts'
import type { ProblemView } from '#shared/protocol/api.ts'

type More = Pick<ProblemView, 'code' | 'remedy' | 'problems' | 'current' | 'yours'>

/** A refusal that the caller gets to read: RFC 9457 with status, sentence and, where they help, remedy and fields. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly status: number
  readonly more: More

  constructor(status: number, detail: string, more: More = {}) {
    super(detail)
    this.status = status
    this.more = more
  }
}

/** What is asked for by a name is not there. @param command of `heddle`, which lists what is */
export function notKnown(detail: string, command: string): Refusal {
  return new Refusal(404, detail, { remedy: `See what there is: \`heddle ${command}\`.` })
}

const titles: Readonly<Record<number, string>> = {
  400: 'The request is not valid',
  401: 'Not known',
  403: 'Not allowed',
  404: 'Not found',
  405: 'Method not allowed',
  409: 'Conflict',
  412: 'Changed meanwhile',
  413: 'The body is too large',
  429: 'Too often',
  415: 'The body is no JSON',
  500: 'Internal failure',
  503: 'Not available now',
}

export function sendProblem(response: Response, status: number, detail: string, more: Partial<ProblemView> = {}): void {
  const problem: ProblemView = { type: 'about:blank', title: titles[status] ?? 'Refused', status, detail, ...more }
  response.status(status).type('application/problem+json').send(JSON.stringify(problem))
}

/** The body read by `schema`, or a 400 that names every field. */
export function readBody<T extends z.core.$ZodType>(schema: T, body: unknown): z.core.output<T> {
  return read(schema, body ?? {}, 'body')
}

/** The query read by `schema`, or a 400 that names every parameter. */
export function readQuery<T extends z.core.$ZodType>(schema: T, query: unknown): z.core.output<T> {
  return read(schema, query, 'query')
}

function read<T extends z.core.$ZodType>(schema: T, input: unknown, what: 'body' | 'query'): z.core.output<T> {
  const result = z.safeParse(schema, input)
  if (result.success) return result.data
  const problems = flatIssues(result.error.issues).map((issue) => ({
    field:
      issue.path.map(String).join('.') || (issue.code === 'unrecognized_keys' ? issue.keys.join(', ') : `(${what})`),
    message: issueText(issue),
  }))
  throw new Refusal(400, `${problems.length} field(s) of the ${what} are not valid.`, { problems })
}

export function notFound(request: Request, response: Response): void {
  sendProblem(response, 404, `There is no ${request.method} ${request.path}.`)
}

/** Turns whatever a handler throws into a problem answer. Only what is nobody's fault but ours is logged. */
export function problemHandler(log: Logger): ErrorRequestHandler {
  return (error: unknown, request, response, next) => {
    if (response.headersSent) return next(error)
    if (error instanceof Refusal) {
      const yours = error.status === 412 ? { yours: yoursOf(request.get('if-match') ?? '', request.body) } : {}
      return sendProblem(response, error.status, error.message, { ...error.more, ...yours })
    }
    if (error instanceof Failure) {
      const { code, remedy } = error
      const status = error.retryable ? 503 : isForbidden(error) ? 403 : 400
      return sendProblem(response, status, explainError(error), { code, remedy })
    }
    const status = bodyParserStatus(error)
    if (status !== undefined) return sendProblem(response, status, `The body could not be read: ${explainError(error)}`)
    log.error({ err: error }, 'a request failed')
    return sendProblem(response, 500, 'The request could not be answered; the log of the control plane says why.')
  }
}

/** Express and its body parser mark what the client did wrong with a 4xx. */
function bodyParserStatus(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('status' in error)) return undefined
  const { status } = error
  return typeof status === 'number' && status >= 400 && status < 500 ? status : undefined
}
