import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'

/** When something happened, so that its age can be told after a restart of the agent and of the machine. */
export type Moment = {
  /** Which run of the machine. */
  readonly boot: string
  /** Milliseconds of the clock that all processes of that run share and nobody can set. */
  readonly mono: number
  /** Epoch milliseconds. */
  readonly wall: number
}

/** Milliseconds from `then` to `now`, at least 0. Only across a restart of the machine its wall clock has to be trusted. */
export function ageMs(then: Moment, now: Moment): number {
  return Math.max(0, Math.round(then.boot === now.boot ? now.mono - then.mono : now.wall - then.wall))
}

/** What tells moments. */
export type Clock = {
  /** The moment now. */
  readonly now: () => Moment
  /** The moment of a reading of `performance.now()`. */
  readonly of: (performanceMs: number) => Moment
}

/** The clock of this machine. */
export async function machineClock(): Promise<Clock> {
  const text = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '')
  const boot = text.trim().slice(0, 8) || randomBytes(4).toString('hex')
  const processBegan = Number(process.hrtime.bigint()) / 1e6 - performance.now()
  const of = (performanceMs: number) => ({
    boot,
    mono: Math.round(processBegan + performanceMs),
    wall: Math.round(Date.now() - (performance.now() - performanceMs)),
  })
  return { of, now: () => of(performance.now()) }
}
