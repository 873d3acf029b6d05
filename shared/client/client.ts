import { Agent } from 'node:http'
import { Failure } from '../failure/failure.ts'
import { attempt } from './attempt.ts'
import { type CallAnswer, makeCall } from './call.ts'
import { Deadline, deadlineHeader } from './deadline.ts'
import type { Explanation } from './explanation.ts'
import { followFederation, followService } from './follow-plane.ts'
import { keepKnowledge, restoreKnowledge } from './keep-knowledge.ts'
import { Knowledge } from './knowledge.ts'
import { type CallRequest, type ClientOptions, defaults } from './options.ts'
import { CalledService, type Wanted } from './service.ts'

export type { CallAnswer } from './call.ts'
export { deadlineHeader, leftOf } from './deadline.ts'
export type { AttemptTaken, Explanation, Taken } from './explanation.ts'
export type { CallRequest, ClientOptions } from './options.ts'

/**
 * Calls services by their names. Opens at once with what is kept in `cacheFile`; the planes are followed from then on, and need not be
 * there. Disposing ends everything but calls on their way.
 */
export async function openClient(options: ClientOptions): Promise<FederationClient> {
  if (options.planes.length === 0) {
    throw new Failure('ARGUMENT_INVALID', 'a client needs the address of a control plane')
  }
  const knowledge = new Knowledge()
  const { cacheFile, log } = options
  if (cacheFile !== undefined) {
    await restoreKnowledge(cacheFile, knowledge).catch((error: unknown) =>
      log?.warn({ err: error }, 'what was known before cannot be read; the planes are asked'),
    )
  }
  return new FederationClient(options, knowledge)
}

/** Made by `openClient`. */
export class FederationClient implements AsyncDisposable {
  readonly #options: ClientOptions
  readonly #knowledge: Knowledge
  readonly #services = new Map<string, CalledService>()
  readonly #agent: Agent
  readonly #stop = new AbortController()
  readonly #loops: Promise<void>[] = []

  constructor(options: ClientOptions, knowledge: Knowledge) {
    this.#options = { ...options, planes: options.planes.map((plane) => plane.replace(/\/+$/, '')) }
    this.#knowledge = knowledge
    this.#agent = new Agent({ keepAlive: true, timeout: options.idleTimeoutMs ?? defaults.idleTimeoutMs })
    const { cacheFile } = options
    const stop = this.#stop.signal
    this.#loops.push(followFederation(this.#following()))
    if (cacheFile !== undefined) this.#loops.push(keepKnowledge(cacheFile, knowledge, this.#warn('cache'), stop))
    for (const name of options.services ?? []) this.#service(name)
  }

  /**
   * Calls a service: whatever status an instance answers with is an answer. Throws CALL_NO_INSTANCE, CALL_FAILED or CALL_TIMED_OUT, with
   * what was tried as its cause.
   */
  async call(name: string, request: CallRequest = {}): Promise<CallAnswer> {
    const { method = 'GET', path = '/', headers = {}, body, timeoutMs, signal } = request
    const service = this.#service(name)
    using deadline = new Deadline(timeoutMs ?? this.#options.timeoutMs ?? defaults.timeoutMs, signal)
    const known = await this.#knowledge.known(name, deadline.signal)
    const decision = service.decide(known, this.#wanted(name, request), performance.now())
    const { pin, inputs } = decision
    if (this.#knowledge.federation && pin !== 'auto' && !inputs.some((cluster) => cluster.name === pin)) {
      throw new Failure('ARGUMENT_INVALID', `there is no cluster ${pin}`, {
        remedy: 'Pin one that the planes know, or "auto".',
      })
    }
    const limits = {
      agent: this.#agent,
      connectTimeoutMs: this.#options.connectTimeoutMs ?? defaults.connectTimeoutMs,
      mostAnswerBytes: this.#options.mostAnswerBytes ?? defaults.mostAnswerBytes,
      signal: deadline.signal,
      timedOut: () => deadline.isOver,
    }
    // Awaited, or the deadline would end with this block.
    return await makeCall({
      service,
      decision,
      method,
      retries: this.#options.retries ?? defaults.retries,
      next: (cluster, tried) => service.next(this.#knowledge.of(name), cluster, tried, performance.now()),
      send: (callable) => {
        const told = { ...headers, [deadlineHeader]: String(deadline.leftMs) }
        return attempt(callable, { method, path, headers: told, body: bytesOf(body) }, limits)
      },
      now: () => performance.now(),
    })
  }

  /** Which cluster and which instances the next call would go to, and why others would not be called. */
  explain(name: string, request: Pick<CallRequest, 'type' | 'pin'> = {}): Explanation {
    const known = this.#knowledge.of(name)
    return this.#service(name).explain(known, this.#wanted(name, request), performance.now(), Date.now())
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    await Promise.all(this.#loops)
    this.#agent.destroy()
  }

  #wanted(name: string, { type, pin }: Pick<CallRequest, 'type' | 'pin'>): Wanted {
    const told = this.#knowledge.federation
    return { type: type ?? name, pin: pin ?? this.#options.pin ?? defaults.pin, told }
  }

  #service(name: string): CalledService {
    const known = this.#services.get(name)
    if (known) return known
    const { balance, breakers } = this.#options
    const service = new CalledService(name, balance ?? defaults.balance, { ...defaults.breakers, ...breakers })
    this.#services.set(name, service)
    this.#loops.push(followService(name, this.#following()))
    return service
  }

  #following() {
    return {
      planes: this.#options.planes,
      tokenFile: this.#options.tokenFile,
      knowledge: this.#knowledge,
      onNews: (name: string, callables: Parameters<CalledService['circuit']['forgive']>[0]) => {
        const circuit = this.#services.get(name)?.circuit
        circuit?.forgive(callables)
        circuit?.keepOnly(this.#knowledge.of(name)?.callables ?? [])
      },
      onFailure: this.#warn('plane'),
      stop: this.#stop.signal,
    }
  }

  #warn(what: 'plane' | 'cache'): (error: unknown) => void {
    const text = what === 'plane' ? 'a plane did not answer; what is known holds on' : 'what is known could not be kept'
    return (error) => this.#options.log?.warn({ err: error }, text)
  }
}

function bytesOf(body: CallRequest['body']): Uint8Array | undefined {
  return typeof body === 'string' ? Buffer.from(body) : body
}
