import { setTimeout as pause } from 'node:timers/promises'
import { startLoad } from '../crash/load.ts'
import type { Worker } from '../worker/worker.ts'
import type { Storm, StormEvent } from './events.ts'

/** Whoever is told of instances and has an Nginx follow them. */
export type System = {
  /** Through its Nginx to the shrinking service. */
  readonly url: string
  /** Resolves when the event is accepted. */
  readonly tell: (event: StormEvent) => Promise<void>
  /** How often its Nginx was reloaded since it was started. */
  readonly reloads: () => Promise<number>
}

/** An instance that was taken out: when that was accepted (epoch milliseconds), and where it was. */
export type Removal = { readonly port: number; readonly at: number }

export type Played = {
  readonly removals: readonly Removal[]
  readonly reloads: number
  readonly sent: number
  readonly failed: number
  /** Events that were refused; their reasons are on standard error. */
  readonly refused: number
  /** When it was over, in epoch milliseconds. */
  readonly endedAt: number
}

const perSecond = 200
/** A server ends so long after it was taken out, as one does that deregisters before it stops. */
const endsAfterMs = 1_000
const settleMs = 3_000

/** Plays a storm with requests beside it. @param ports of the shrinking service's instances, in their order */
export async function play(
  { events }: Storm,
  system: System,
  servers: Worker,
  ports: readonly number[],
  say: (text: string) => void,
): Promise<Played> {
  const before = await system.reloads()
  const load = await startLoad(system.url, perSecond)
  try {
    const removals: Removal[] = []
    const told: Promise<void>[] = []
    let refused = 0
    const startedAt = performance.now()
    for (const [number, event] of events.entries()) {
      await pause(Math.max(0, startedAt + event.atMs - performance.now()))
      const one = async () => {
        await system.tell(event)
        if (event.kind !== 'remove') return
        const port = ports[event.index] ?? 0
        removals.push({ port, at: performance.timeOrigin + performance.now() })
        await pause(endsAfterMs)
        await servers.ask({ do: 'end', port })
      }
      told.push(
        one().catch((error: unknown) => {
          refused += 1
          say(`${event.kind} was refused: ${error}`)
        }),
      )
      if ((number + 1) % 250 === 0) say(`${number + 1} of ${events.length} events`)
    }
    await Promise.all(told)
    await pause(settleMs)
    const reloads = (await system.reloads()) - before
    const { sent, failed, text } = await load.stop()
    if (failed > 0) say(`failed requests: ${text}`)
    return { removals, reloads, sent, failed, refused, endedAt: performance.timeOrigin + performance.now() }
  } finally {
    await load[Symbol.asyncDispose]()
  }
}
