import type { IncomingHttpHeaders } from 'node:http'
import { Failure } from '../failure/failure.ts'
import type { FederationDecision } from '../protocol/federation.ts'
import type { Attempted } from './attempt.ts'
import type { Callable } from './callable.ts'
import { type Ending, endingText, judgementOf, mayRepeat } from './ending.ts'
import type { AttemptTaken, Taken } from './explanation.ts'
import type { CalledService } from './service.ts'

/** What a service answered, whatever the status. */
export type CallAnswer = {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
  /** Who answered, and what was tried before. */
  readonly taken: Taken
}

export type CallParts = {
  readonly service: CalledService
  readonly decision: FederationDecision
  readonly method: string
  readonly retries: number
  /** The next instance of a cluster that has not been tried. */
  readonly next: (cluster: string, tried: ReadonlySet<string>) => Callable | undefined
  readonly send: (callable: Callable) => Promise<Attempted>
  /** Milliseconds of a steady clock. */
  readonly now: () => number
}

/**
 * One call: to an instance of the cluster that was decided for, after a failure that allows it to another one there, then once to the
 * other cluster. Throws CALL_NO_INSTANCE, CALL_FAILED or CALL_TIMED_OUT, each with what was tried as its cause.
 */
export async function makeCall(parts: CallParts): Promise<CallAnswer> {
  const { service, decision, retries, method, next, now } = parts
  const tried = new Set<string>()
  const attempts: AttemptTaken[] = []
  const taken = { service: service.name, decision, attempts }
  const stages = [
    { cluster: decision.cluster, most: 1 + retries },
    { cluster: decision.fallback, most: 1 },
  ]
  for (const [stage, { cluster, most }] of stages.entries()) {
    if (cluster === null) continue
    let last: Ending | undefined
    for (let count = 0; count < most; count += 1) {
      const callable = next(cluster, tried)
      if (!callable) break
      tried.add(callable.instance)
      if (count === 0) service.circuit.clusterSent(cluster, now())
      const startedAt = now()
      const { ending, answer } = await attemptOn(callable, parts)
      last = ending
      const why = stage > 0 ? 'fallback' : count > 0 ? 'again' : 'chosen'
      const { instance, address, port } = callable
      attempts.push({ cluster, instance, address, port, why, ending: endingText(ending), tookMs: now() - startedAt })
      if (ending.kind === 'answered' && answer) {
        service.circuit.clusterEnded(cluster, judgementOf(ending), now())
        return { status: ending.status, ...answer, taken }
      }
      if (!mayRepeat(ending, method)) {
        service.circuit.clusterEnded(cluster, judgementOf(ending), now())
        throw failed(ending, taken)
      }
    }
    if (last) service.circuit.clusterEnded(cluster, judgementOf(last), now())
  }
  throw attempts.length > 0 ? failed(undefined, taken) : noInstance(taken)
}

async function attemptOn(callable: Callable, { service, send, now }: CallParts): Promise<Attempted> {
  const { instance } = callable
  service.circuit.instanceSent(instance, now())
  service.balancer.began(instance)
  const attempted = await send(callable)
  service.balancer.ended(instance)
  service.circuit.instanceEnded(instance, judgementOf(attempted.ending), now())
  return attempted
}

function noInstance({ service, decision }: Taken): Failure {
  return new Failure('CALL_NO_INSTANCE', `${service} has no instance that can be called`, {
    retryable: true,
    cause: new Error(`rule ${decision.rule}: ${decision.because}`),
  })
}

function failed(ending: Ending | undefined, { service, attempts }: Taken): Failure {
  const tried = attempts.map((each) => `${each.instance} of ${each.cluster || 'no cluster'}: ${each.ending}`).join('; ')
  const cause = new Error(tried)
  if (ending?.kind === 'timeout') return new Failure('CALL_TIMED_OUT', `${service} did not answer in time`, { cause })
  if (ending?.kind === 'given-up') return new Failure('CALL_FAILED', `the call of ${service} was given up`, { cause })
  // Whoever calls again repeats what an instance may have done already, where it was not refused.
  const retryable = ending === undefined
  return new Failure('CALL_FAILED', `${service} could not be called`, { cause, retryable })
}
