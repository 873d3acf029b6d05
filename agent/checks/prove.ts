import { probe } from '#shared/probe/probe.ts'
import type { ProbeSpec } from '#shared/protocol/check.ts'
import { patienceMs } from './trust.ts'
import { serverOf, type Wires } from './wires.ts'
import { within } from './within.ts'

/**
 * Lets a server show that it answers beside the connection just left open. One that serves a single connection at a time is
 * blocked by it for that moment only, and gets no wire.
 * @param aloneMs how long it took to answer without
 */
export async function prove(spec: ProbeSpec, aloneMs: number, wires: Wires, stop: AbortSignal): Promise<void> {
  const server = serverOf(spec)
  const limitMs = patienceMs(aloneMs, spec.timeoutMs)
  const enough = new AbortController()
  const giveUp = () => enough.abort()
  stop.addEventListener('abort', giveUp, { once: true })
  const answered = probe(spec, { signal: enough.signal }).then(({ verdict }) => !unheard.has(verdict.reason.code))
  const beside = await within(answered, limitMs)
  if (beside) wires.learn(server, 'answered-beside')
  else if (beside === undefined) {
    wires.cut(server)
    // Freed by that, or slow by itself? Only the first is certain.
    const freed = await within(answered, limitMs)
    wires.learn(server, freed ? 'blocked' : 'slow-beside')
  }
  giveUp()
  stop.removeEventListener('abort', giveUp)
}

const unheard: ReadonlySet<string> = new Set(['timeout', 'reset', 'refused', 'no_verdict'])
