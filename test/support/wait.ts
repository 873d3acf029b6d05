import { setTimeout as pause } from 'node:timers/promises'
import { inspect } from 'node:util'

export type Waiting<T> = {
  /** What is waited for, to complete the sentence "gave up waiting for ...". */
  readonly what: string
  readonly withinMs: number
  /** Whether what was seen is what was waited for; by default, whether it is truthy. */
  readonly until?: (seen: T) => boolean
  readonly everyMs?: number
}

/**
 * Looks again and again until what it sees is what was waited for, and answers with that. A look that throws counts as "not yet".
 * At the deadline it rejects and says what was last seen; a look that hangs does not delay that.
 * @param look gets a signal that is aborted when waiting ends
 */
export async function waitFor<T>(look: (ended: AbortSignal) => T | Promise<T>, waiting: Waiting<T>): Promise<T> {
  const { what, withinMs, until = Boolean, everyMs = 20 } = waiting
  const ended = new AbortController()
  const deadline = performance.now() + withinMs
  const over = pause(withinMs, 'over' as const, { signal: ended.signal }).catch(() => 'over' as const)
  let last: Seen<T> = { kind: 'nothing' }
  try {
    for (;;) {
      const seen = await Promise.race([see(look, ended.signal), over])
      if (seen !== 'over') last = seen
      if (last.kind === 'value' && until(last.value)) return last.value
      if (seen === 'over' || performance.now() >= deadline) throw gaveUp(what, withinMs, last)
      await pause(everyMs)
    }
  } finally {
    ended.abort()
  }
}

type Seen<T> =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'value'; readonly value: T }
  | { readonly kind: 'error'; readonly error: unknown }

async function see<T>(look: (ended: AbortSignal) => T | Promise<T>, ended: AbortSignal): Promise<Seen<T>> {
  try {
    return { kind: 'value', value: await look(ended) }
  } catch (error) {
    return { kind: 'error', error }
  }
}

function gaveUp<T>(what: string, withinMs: number, last: Seen<T>): Error {
  const message = `gave up waiting for ${what} after ${withinMs} ms`
  switch (last.kind) {
    case 'nothing':
      return new Error(`${message}; the first look never ended`)
    case 'value':
      return new Error(`${message}; last seen: ${inspect(last.value, { depth: 4, maxStringLength: 2000 })}`)
    case 'error':
      return new Error(`${message}; the last look failed: ${String(last.error)}`, { cause: last.error })
  }
}
