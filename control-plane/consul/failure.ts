import { Failure } from '#shared/failure/failure.ts'

/** What is known of an answer with an error status. */
export type ErrorAnswer = { readonly status: number; readonly text: string }

/** The failure behind an answer with an error status. `what` completes "... : what was asked". */
export function answerFailure({ status, text }: ErrorAnswer, datacenter: string, asked: string): Failure {
  const said = text.trim().slice(0, 300) || `status ${status}`
  const message = `Consul ${datacenter} refused to ${asked}: ${said}`
  if (/No path to datacenter/i.test(text)) {
    return new Failure('CONSUL_WRONG_DATACENTER', `the Consul configured for ${datacenter} is of another datacenter`)
  }
  if (status === 401 || status === 403 || /ACL not found|Permission denied/i.test(text)) {
    return new Failure('CONSUL_FORBIDDEN', message)
  }
  if (status >= 500 || status === 429) {
    return new Failure('CONSUL_UNREACHABLE', `Consul ${datacenter} could not ${asked}: ${said}`, { retryable: true })
  }
  return new Failure('CONSUL_REFUSED', message)
}

/** The failure behind an error of the connection, of a deadline, or of reading what is no answer of a Consul. */
export function connectionFailure(error: unknown, datacenter: string, asked: string): Failure {
  if (isUnreadable(error)) {
    return new Failure('CONSUL_REFUSED', `what answers for ${datacenter} when asked to ${asked} is no Consul`)
  }
  // Only the message: what the libraries hang on their errors holds the request, and so the token.
  const cause = new Error(error instanceof Error ? describe(error) : String(error))
  return new Failure('CONSUL_UNREACHABLE', `Consul ${datacenter} did not answer when asked to ${asked}`, {
    retryable: true,
    cause,
  })
}

function isUnreadable(error: unknown): boolean {
  return error instanceof TypeError || error instanceof SyntaxError || (error instanceof Error && 'isCodec' in error)
}

function describe(error: Error): string {
  if (error.message !== '') return error.message
  if (error instanceof AggregateError) return String(error.errors[0])
  return 'code' in error ? String(error.code) : error.name
}
