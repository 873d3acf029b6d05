import { setTimeout as pause } from 'node:timers/promises'
import { ask } from './ask.ts'
import type { Counting } from './count.ts'

const everyMs = 100
const withinMs = 4_000

/** Requests to a service through one proxy, one after the other and beside each other, whatever becomes of those before. */
export async function sendRequests(
  asked: 'envoy' | 'nginx',
  url: string,
  counting: Counting,
  stop: AbortSignal,
): Promise<void> {
  const underway = new Set<Promise<void>>()
  while (!stop.aborted) {
    const call = counting
      .count(asked, async () => {
        const { status, body } = await ask(url, { withinMs })
        if (status !== 200) throw new Error(`${status} ${body.slice(0, 100)}`)
      })
      .finally(() => underway.delete(call))
    underway.add(call)
    await pause(everyMs, undefined, { signal: stop }).catch(() => {})
  }
  await Promise.all(underway)
}
