import type { ConsulAnswer, ConsulRequest } from '../models/consul.ts'
import { networkOf } from '../models/surroundings.ts'
import { ownProcess } from '../time/world.ts'

/** One request to a Consul over the simulated network. Rejects as a connection does; never settles while no answer comes. */
export function callConsul(host: string, request: Omit<ConsulRequest, 'from'>): Promise<ConsulAnswer> {
  const process = ownProcess()
  const { promise, resolve, reject } = Promise.withResolvers<ConsulAnswer>()
  promise.catch(() => {})
  networkOf(process.world).ask(process, host, {
    label: request.path,
    serve: ({ serve }, answer) =>
      serve?.({ ...request, from: process } satisfies ConsulRequest, (made) =>
        answer(() => resolve(made as ConsulAnswer), 'answer'),
      ),
    lost: () => reject(new Error(`connect ECONNREFUSED ${host}`)),
  })
  return promise
}

/** An answer within a time, unless it is given up before. */
export async function inTime(
  answer: Promise<ConsulAnswer>,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<ConsulAnswer> {
  const { promise, reject } = Promise.withResolvers<never>()
  promise.catch(() => {})
  const abort = () => reject(new Error('broken off'))
  const timer = setTimeout(() => reject(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs)
  signal?.addEventListener('abort', abort, { once: true })
  try {
    return await Promise.race([answer, promise])
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', abort)
  }
}
