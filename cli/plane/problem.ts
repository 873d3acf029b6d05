import * as z from 'zod/mini'
import { Failure, type FailureCode } from '#shared/failure/failure.ts'
import { ProblemView } from '#shared/protocol/api.ts'

/** What the plane was asked, in words: `drain crm-1a2b3c4d`. */
export type Asked = string

/** The failure that an answer other than 2xx is: what was asked, why not, and what to do, as far as the plane says it. */
export function problemFailure(asked: Asked, status: number, text: string): Failure {
  const problem = readProblem(text)
  if (!problem) {
    const shown = text.trim().slice(0, 200)
    const cause = new Error(shown === '' ? `status ${status} without a body` : `status ${status}: ${shown}`)
    // Only a control plane answers with problem documents; a 404 of something else must not read as "no such instance".
    const code = status >= 500 ? 'PLANE_FAILED' : 'PLANE_ANSWER_UNREADABLE'
    return new Failure(code, `could not ${asked}`, { cause, retryable: status >= 500 })
  }
  const fields = (problem.problems ?? []).map(({ field, message }) => `${field}: ${message}`)
  const name = problem.code === undefined ? problem.title : `${problem.title}, ${problem.code}`
  const cause = new Error([`${problem.detail} (${status} ${name})`, ...fields, ...sidesOf(problem)].join('\n'))
  return new Failure(codeOf(status), `could not ${asked}`, {
    cause,
    retryable: status >= 500,
    ...(problem.remedy === undefined ? {} : { remedy: problem.remedy }),
  })
}

/** Both sides of a conflict: who reads it decides between them. */
function sidesOf({ current, yours }: ProblemView): readonly string[] {
  const sides = [
    ['now: ', current],
    ['yours:', yours?.change],
  ] as const
  return sides.flatMap(([side, value]) => (value === undefined || value === null ? [] : [`${side} ${compact(value)}`]))
}

const mostShown = 600

function compact(value: unknown): string {
  const text = JSON.stringify(value)
  return text.length > mostShown ? `${text.slice(0, mostShown)}...` : text
}

function codeOf(status: number): FailureCode {
  if (status === 404) return 'NOT_FOUND'
  if (status === 400 || status === 422) return 'ARGUMENT_INVALID'
  return status >= 500 ? 'PLANE_FAILED' : 'PLANE_REFUSED'
}

function readProblem(text: string): ProblemView | undefined {
  try {
    const { data } = z.safeParse(ProblemView, JSON.parse(text))
    return data
  } catch {
    return undefined
  }
}
