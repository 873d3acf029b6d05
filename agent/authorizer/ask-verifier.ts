import { Failure } from '#shared/failure/failure.ts'
import type { Logger } from '#shared/logging/logger.ts'
import type { AskedService, ExternalAuthenticator } from '#shared/protocol/authorizer.ts'
import { endNamedIn } from '#shared/tokens/token.ts'
import { readVerifyAnswer, type Verdict } from '#shared/tokens/verify-answer.ts'
import type { Asked } from './ask-endpoint.ts'
import { ServiceClient } from './ask-service.ts'
import type { Check, CheckState } from './check.ts'
import { headerText, type Judgement, type Learned, refused, unable } from './judgement.ts'
import { Known, keyOf } from './known.ts'

/** A no is asked again soon: the user may just have been let in. */
const mostRefusedMs = 3_000
const mostBytes = 256 * 1024

/** Asks a service about each token: once at a time, however many wait for it, and again when its answer is too old. */
export class VerifierCheck implements Check {
  readonly #known = new Known()
  readonly #client: ServiceClient
  readonly #rule: ExternalAuthenticator
  readonly #log: Logger
  #questions = 0
  #why: string | undefined

  constructor(rule: ExternalAuthenticator, log: Logger) {
    this.#rule = rule
    this.#log = log
    this.#client = new ServiceClient(rule.service)
  }

  get state(): CheckState {
    const endpoints = this.#client.endpoints.length
    return {
      kind: 'external',
      service: this.#rule.service.name,
      endpoints,
      known: this.#known.size,
      unable: endpoints === 0 ? 'no endpoint' : this.#why,
      questions: this.#questions,
    }
  }

  move(service: AskedService): void {
    this.#client.move(service)
  }

  find(authorization: string): Judgement | undefined {
    return this.#known.find(keyOf(authorization))
  }

  judge(authorization: string): Promise<Judgement> {
    return this.#known.ask(keyOf(authorization), () => this.#learn(authorization))
  }

  [Symbol.dispose](): void {
    this.#known.forget()
    this.#client[Symbol.dispose]()
  }

  async #learn(authorization: string): Promise<Learned> {
    const named = endNamedIn(authorization)
    // Whatever its service says: no token passes after the end that it names itself.
    if (named !== undefined && Date.now() >= named) return { judgement: refused('expired'), keepMs: 0 }
    this.#questions += 1
    const { path, timeoutMs, permissionsClaim } = this.#rule
    const asked = await this.#client.ask({ path, authorization, timeoutMs, mostBytes })
    const verdict = asked.kind === 'failed' ? failed(asked) : readVerifyAnswer(asked, permissionsClaim)
    this.#tell(verdict.kind === 'unclear' ? verdict.why : undefined)
    return this.#learned(verdict, named)
  }

  #learned(verdict: Verdict, named: number | undefined): Learned {
    const { cacheMs } = this.#rule
    const refusedMs = Math.min(cacheMs, mostRefusedMs)
    switch (verdict.kind) {
      case 'unclear':
        return { judgement: unable(verdict.why), keepMs: 0 }
      case 'invalid':
        return { judgement: refused('service'), keepMs: refusedMs }
      case 'forbidden':
        return { judgement: { kind: 'forbidden', why: 'service' }, keepMs: refusedMs }
      case 'valid': {
        const subject = verdict.subject === undefined ? undefined : headerText(verdict.subject)
        if (verdict.subject !== undefined && subject === undefined) {
          return { judgement: refused('subject'), keepMs: refusedMs }
        }
        const ends = [named, verdict.endsAt].filter((end) => end !== undefined)
        const endsAt = ends.length > 0 ? Math.min(...ends) : undefined
        return { judgement: { kind: 'granted', subject, permissions: verdict.permissions, endsAt }, keepMs: cacheMs }
      }
    }
  }

  /** The same again and again is told once. */
  #tell(why: string | undefined): void {
    if (why === this.#why) return
    this.#why = why
    const { name, service } = this.#rule
    if (why === undefined) this.#log.info({ authenticator: name }, 'the service answers about tokens again')
    else {
      const err = new Failure('TOKEN_SERVICE_UNCLEAR', `${service.name} cannot be asked about tokens: ${why}`)
      this.#log.warn({ err, authenticator: name }, 'tokens that are not known cannot be judged')
    }
  }
}

function failed({ why }: Extract<Asked, { kind: 'failed' }>): Verdict {
  return { kind: 'unclear', why }
}
