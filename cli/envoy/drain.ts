import { requestsUnderWay, setDraining } from '#shared/envoy/drain.ts'
import { Failure } from '#shared/failure/failure.ts'
import { pause } from '#shared/lifecycle/repeat.ts'
import type { Deadline } from '../deadline.ts'

export type DrainOptions = {
  /** Address and port of its admin page. */
  readonly admin: string
  /** How long the balancers in front may take to see that its health path fails. */
  readonly noticeMs: number
  readonly deadline: Deadline
  readonly stop: AbortSignal
}

const lookEveryMs = 100

/**
 * Has an Envoy's health path fail, gives the balancers in front their time, and waits until it has answered what it has. It goes on taking
 * connections, and ends them with their next answer. Throws ENVOY_UNREACHABLE, and WAIT_TIMED_OUT where requests go on after the deadline.
 */
export async function drainEnvoy({ admin, noticeMs, deadline, stop }: DrainOptions): Promise<void> {
  await reaching(admin, setDraining(admin, true))
  await pause(Math.min(noticeMs, deadline.leftMs()), stop)
  let requests = await reaching(admin, requestsUnderWay(admin))
  while (requests > 0 && deadline.leftMs() > 0 && !stop.aborted) {
    await pause(Math.min(lookEveryMs, deadline.leftMs()), stop)
    requests = await reaching(admin, requestsUnderWay(admin))
  }
  stop.throwIfAborted()
  if (requests > 0) throw new Failure('WAIT_TIMED_OUT', `${requests} requests are under way in the Envoy at ${admin}`)
}

/** Has its health path pass again. Throws ENVOY_UNREACHABLE. */
export async function undrainEnvoy(admin: string): Promise<void> {
  await reaching(admin, setDraining(admin, false))
}

async function reaching<T>(admin: string, asked: Promise<T>): Promise<T> {
  return asked.catch((cause: unknown) => {
    throw new Failure('ENVOY_UNREACHABLE', `no Envoy answers at ${admin}`, { cause })
  })
}
