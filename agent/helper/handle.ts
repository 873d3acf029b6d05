import { explainError } from '#shared/failure/failure.ts'
import type { Logger } from '#shared/logging/logger.ts'
import type { HelperConfig } from './config.ts'
import { type Asked, judgeRequest, type Refusal, readRequest } from './request.ts'
import type { Given, Verb } from './verb.ts'

export type HandleParts = {
  readonly verbs: readonly Verb[]
  /** What may be done, read anew: a list that is changed counts from the next request on. */
  readonly readList: () => Promise<HelperConfig>
  /** The helper ends. */
  readonly stop: AbortSignal
  readonly log: Logger
}

export type Answer = Refusal | (Given & { readonly ok: true })

/** Does what a line asks for, if the list allows it, in its time. Each request is logged. Never rejects. */
export async function handle(line: string, { verbs, readList, stop, log }: HandleParts): Promise<Answer> {
  const request = readRequest(line, verbs)
  if (!request.ok) {
    log.warn({ code: request.code, why: request.why }, 'a request is refused')
    return request
  }
  const { verb, asked } = request
  const said = { verb: verb.name, asked }
  const begun = performance.now()
  const answer = await judgeAndRun(request, readList, stop)
  const tookMs = Math.round(performance.now() - begun)
  if (!answer.ok) log.warn({ ...said, code: answer.code, why: answer.why, tookMs }, 'a request is refused, or failed')
  else if (verb.frequent) log.debug({ ...said, tookMs }, 'a request is done')
  else log.info({ ...said, state: answer.state, tookMs }, 'a request is done')
  return answer
}

async function judgeAndRun(request: Asked, readList: HandleParts['readList'], stop: AbortSignal): Promise<Answer> {
  let list: HelperConfig
  try {
    list = await readList()
  } catch (error) {
    return { ok: false, code: 'no-list', why: explainError(error) }
  }
  const refused = judgeRequest(request, list)
  if (refused) return refused
  const { verb, asked } = request
  const late = AbortSignal.timeout(verb.mostMs(asked, list))
  try {
    return { ...(await withinTime(verb.run(asked, list, AbortSignal.any([stop, late])), late)), ok: true }
  } catch (error) {
    if (late.aborted) return { ok: false, code: 'late', why: 'it took too long' }
    return { ok: false, code: 'failed', why: explainError(error) }
  }
}

/** A verb that does not heed its signal is not waited for. */
async function withinTime<T>(work: Promise<T>, late: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>()
  // What heeds the signal has a moment to say what became of it.
  const giveUp = () => setTimeout(() => reject(new Error('it took too long')), 250)
  late.addEventListener('abort', giveUp, { once: true })
  try {
    return await Promise.race([work, promise])
  } finally {
    late.removeEventListener('abort', giveUp)
  }
}
