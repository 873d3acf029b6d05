import type { Environment } from '../fleet/environments.ts'

/**
 * What is to be done next: forwards until it is ready, or backwards until nothing is left. Each step may be done twice.
 * `make-user` makes the user in Zervi · `grant` lets it use its Basic Server · `revoke` and `remove-user` take that back · `finish` ends it.
 */
export type Step = 'make-user' | 'grant' | 'revoke' | 'remove-user' | 'finish'

type Progress = Pick<Environment, 'state' | 'steps' | 'userId'>

/** Undefined: nothing is to be done. */
export function nextStep({ state, steps, userId }: Progress): Step | undefined {
  switch (state) {
    case 'creating':
      if (steps.user !== 'done') return 'make-user'
      return steps.grants === 'done' ? 'finish' : 'grant'
    case 'undoing':
    case 'releasing':
      if (steps.grants !== 'none' && userId !== undefined) return 'revoke'
      return steps.user === 'none' ? 'finish' : 'remove-user'
    case 'ready':
    case 'failed':
    case 'released':
      return undefined
  }
}

/** What one try of a step came to. */
export type Outcome =
  | { readonly kind: 'done'; readonly userId?: string }
  /** There is no use in trying again. */
  | { readonly kind: 'refused'; readonly why: string }
  | { readonly kind: 'away'; readonly why: string }

const longestMs = 10 * 60_000

/** How long to wait after so many tries that failed. */
export function waitMs(failures: number): number {
  return Math.min(longestMs, 250 * 2 ** Math.min(failures, 20))
}

/** Tries that fail one after the other until a person should know that something cannot be taken back. */
export const triesUntilShown = 8

/** An environment after a step was tried. @param tries how often a step forward is tried at most */
export function afterStep(
  environment: Environment,
  step: Step,
  outcome: Outcome,
  tries: number,
  now: number,
): Environment {
  const tried = { ...environment, updatedAt: now }
  if (outcome.kind === 'done') return done({ ...tried, failures: 0, dueAt: now }, step, outcome.userId)
  const failures = environment.failures + 1
  const later = { ...tried, failures, dueAt: now + waitMs(failures) }
  if (environment.state !== 'creating') return { ...later, why: environment.why || outcome.why }
  if (outcome.kind === 'away' && failures < tries) return later
  const code = outcome.kind === 'refused' ? 'ENVIRONMENT_REFUSED' : 'ENVIRONMENT_ZERVI_AWAY'
  return { ...tried, state: 'undoing', code, why: outcome.why, failures: 0, dueAt: now }
}

function done(environment: Environment, step: Step, userId: string | undefined): Environment {
  const { steps, state } = environment
  switch (step) {
    case 'make-user':
      return { ...environment, userId: userId ?? environment.userId, steps: { ...steps, user: 'done' } }
    case 'grant':
      return { ...environment, steps: { ...steps, grants: 'done' } }
    case 'revoke':
      return { ...environment, steps: { ...steps, grants: 'none' } }
    case 'remove-user':
      // With the user goes whatever it was let do.
      return { ...environment, userId: undefined, steps: { user: 'none', grants: 'none' } }
    case 'finish': {
      const ended = { ...environment, dueAt: undefined }
      if (state === 'creating') return { ...ended, state: 'ready' }
      if (state === 'releasing') return { ...ended, state: 'released' }
      // Its key may be used again: there is nothing that the same call would make twice.
      return { ...ended, state: 'failed', key: environment.id }
    }
  }
}

/** An environment that is to be released. Undefined: it is not there to be released, or is being released already. */
export function released(environment: Environment, why: string, now: number): Environment | undefined {
  if (environment.state !== 'ready') return undefined
  return { ...environment, state: 'releasing', why, failures: 0, updatedAt: now, dueAt: now }
}
