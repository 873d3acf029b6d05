import { Failure, type FailureCode } from '#shared/failure/failure.ts'

/** What the exit code of a command says; docs/cli.md tells the same to people. */
export const exitCodes = {
  ok: 0,
  failed: 1,
  usage: 2,
  unreachable: 3,
  notFound: 4,
  refused: 5,
  timedOut: 6,
  /** As shells say of a process that SIGINT or SIGTERM ended. */
  interrupted: 130,
  terminated: 143,
} as const

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

const byFailure: Partial<Readonly<Record<FailureCode, ExitCode>>> = {
  ARGUMENT_INVALID: exitCodes.usage,
  NAME_AMBIGUOUS: exitCodes.usage,
  ENVOY_UNREACHABLE: exitCodes.unreachable,
  PLANE_UNREACHABLE: exitCodes.unreachable,
  NOT_FOUND: exitCodes.notFound,
  PLANE_REFUSED: exitCodes.refused,
  WAIT_FROZEN: exitCodes.refused,
  WAIT_TIMED_OUT: exitCodes.timedOut,
}

/** The exit code for whatever ended a command. */
export function exitCodeOf(error: unknown): ExitCode {
  return (error instanceof Failure && byFailure[error.code]) || exitCodes.failed
}
