import { Wake } from '#shared/lifecycle/wake.ts'
import type { Connection } from '#shared/probe/probe.ts'
import type { Found } from './ask.ts'
import { type CheckSpec, isHostSpec } from './host-spec.ts'
import { type Judgement, judge, type Thresholds } from './judge.ts'
import type { Lag } from './lag.ts'
import { lookOf } from './look.ts'
import { nextCheckInMs, type Pace, wireEndedMeans } from './pace.ts'
import { prove } from './prove.ts'
import { serverOf, type Wires } from './wires.ts'

/** One check of one instance. */
export type Check = Thresholds & Pace & { readonly probe: CheckSpec }

export type Running = {
  readonly wires: Wires
  readonly lag: Lag
  /** Told after every probe, whether it changed anything or not. */
  readonly onFound: (judgement: Judgement, found: Found) => void
  /** Told how late a check began that was due, in milliseconds. */
  readonly onLate: (lateMs: number) => void
  readonly random?: () => number
}

/** Runs a check until `stop`: the first probe at once, then on its own time, and whenever its trip wire ends. */
export async function runCheck(check: Check, known: Judgement, running: Running, stop: AbortSignal): Promise<void> {
  const { wires, lag, onFound, onLate, random = Math.random } = running
  const { probe } = check
  const server = serverOf(probe)
  const look = lookOf(probe, { lag, stop, onHang: () => wires.cut(server) })
  let judgement = known
  let wire: Connection | undefined
  // Each wire has its own bell, so the end of one that is replaced rings nowhere.
  let bell = new Wake()
  const hang = (next: Connection | undefined) => {
    wires.drop(server, wire)
    const own = new Wake()
    bell = own
    wire = next
    if (next) wires.hang(server, next, () => own.ring())
  }

  let dueAt = performance.now()
  for (let onTime = true, first = true; ; first = false) {
    const startedAt = performance.now()
    const found = await look(onTime && wires.trust(server).kind !== 'withheld')
    if (stop.aborted) {
      found.connection?.close()
      break
    }
    judgement = judge(judgement, found, check)
    onFound(judgement, found)

    if (found.blocked) wires.learn(server, 'blocked')
    if (found.verdict.reason.code === 'refused') wires.learn(server, 'gone')
    if (onTime) hang(found.connection)
    const isUnproven = found.connection && wires.trust(server).kind === 'unproven'
    if (isUnproven && !isHostSpec(probe)) await prove(probe, found.tookMs, wires, stop)

    if (onTime) dueAt = startedAt + nextCheckInMs(check, judgement, first, random())
    else if (judgement.verdict.health === 'critical') dueAt = Math.min(dueAt, startedAt + check.recheckMs)
    const rung = await bell.next(Math.max(0, dueAt - performance.now()), stop)
    if (stop.aborted) break
    if (!rung) onLate(performance.now() - dueAt)
    onTime = !rung || wireEndedMeans(performance.now() - startedAt, check) === 'check'
  }
  wires.drop(server, wire)
}
