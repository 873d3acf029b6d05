import { Client, type ClientConfig } from 'pg'
import { backoffMs } from '#shared/lifecycle/backoff.ts'
import { repeat } from '#shared/lifecycle/repeat.ts'
import { appendedChannel } from '../dialect-words.ts'

const retry = { firstMs: 250, mostMs: 5_000 }

/** Listens on a connection of its own until `stop`, and comes back when it was cut. `hear` gets the revision that was told. */
export function listenForAppends(
  options: ClientConfig,
  hear: (revision: number) => void,
  stop: AbortSignal,
): Promise<void> {
  const pace = { everyMs: 0, afterFailureMs: (failures: number) => backoffMs(retry, failures, Math.random()) }
  // What is not heard is found by looking; there is nothing to tell anybody.
  return repeat(
    () => listen(options, hear, stop),
    pace,
    () => {},
    stop,
  )
}

/** Resolves when it is stopped, rejects when the connection ends. */
async function listen(options: ClientConfig, hear: (revision: number) => void, stop: AbortSignal): Promise<void> {
  const client = new Client(options)
  const { promise: over, resolve, reject } = Promise.withResolvers<void>()
  over.catch(() => {})
  client.on('error', reject)
  client.on('end', () => reject(new Error('the connection ended')))
  client.on('notification', ({ payload }) => hear(Number(payload)))
  const onStop = () => resolve()
  stop.addEventListener('abort', onStop, { once: true })
  try {
    await client.connect()
    await client.query(`listen ${appendedChannel}`)
    // What was told before is to be looked for.
    hear(Number.POSITIVE_INFINITY)
    if (!stop.aborted) await over
  } finally {
    stop.removeEventListener('abort', onStop)
    client.end().catch(() => {})
  }
}
