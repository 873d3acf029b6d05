import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { networkInterfaces } from 'node:os'
import { judgeTarget, type Nowhere } from '#shared/probe/target.ts'
import { type ProbeSpec, probeKinds } from '#shared/protocol/check.ts'
import type { AgentMessage } from '#shared/protocol/messages.ts'
import { reason } from '#shared/protocol/reason.ts'
import { ask } from '../checks/ask.ts'
import type { Lag } from '../checks/lag.ts'
import { within } from '../checks/within.ts'

export type ProbeLimits = {
  /** Probes under way at once. */
  readonly atOnce: number
  /** Probes begun in a second, over some seconds. */
  readonly perSecond: number
  /** Whether they may go to loopback addresses of this host. */
  readonly local: () => boolean
  /** Ports by which this host is steered, whichever of its addresses they are asked at. */
  readonly controlPorts: () => ReadonlySet<number>
}

const mostAtOnce = 32
const mostPerSecond = 50
/** So many seconds' worth may be begun together after a quiet time. */
const burstSeconds = 4
const lookupWithinMs = 1_000
const none: ReadonlySet<number> = new Set()

type Cause = 'kind' | 'address'

/** Runs the probes that the plane wants run from here, each once, a bounded number at a time and in a second. */
export class ProbeAnswers {
  readonly #send: (message: AgentMessage) => boolean
  readonly #lag: Lag
  readonly #stop: AbortSignal
  readonly #limits: ProbeLimits
  readonly #refused: Record<Cause, number> = { kind: 0, address: 0 }
  #seen = new Set<string>()
  #waiting = new Map<string, ProbeSpec>()
  #running = 0
  #budget: number
  #countedAt = performance.now()
  #later: NodeJS.Timeout | undefined

  constructor(
    send: (message: AgentMessage) => boolean,
    lag: Lag,
    stop: AbortSignal,
    limits: Partial<ProbeLimits> = {},
  ) {
    this.#send = send
    this.#lag = lag
    this.#stop = stop
    this.#limits = {
      atOnce: mostAtOnce,
      perSecond: mostPerSecond,
      local: () => false,
      controlPorts: () => none,
      ...limits,
    }
    this.#budget = this.#limits.perSecond * burstSeconds
  }

  /** Probes that were not run, by cause, since the start. */
  get refused(): Readonly<Record<string, number>> {
    return Object.fromEntries(Object.entries(this.#refused).filter(([, count]) => count > 0))
  }

  /** What is wanted now. A probe that is wanted no more is forgotten, and run again if it is wanted again. */
  want(probes: Readonly<Record<string, ProbeSpec>>): void {
    const ids = Object.keys(probes)
    this.#seen = new Set(ids.filter((id) => this.#seen.has(id)))
    this.#waiting = new Map(Object.entries(probes).filter(([id]) => !this.#seen.has(id)))
    this.#fill()
  }

  /** A new session asks anew: the answers to the old one may be lost. */
  reset(): void {
    this.#seen.clear()
    this.#waiting.clear()
  }

  #fill(): void {
    for (const [id, spec] of this.#waiting) {
      if (this.#running >= this.#limits.atOnce || this.#stop.aborted || !this.#mayBegin()) return
      this.#waiting.delete(id)
      this.#seen.add(id)
      this.#running += 1
      void this.#answer(id, spec)
    }
  }

  /** Takes one from what may be begun; if nothing is left, goes on when there is. */
  #mayBegin(): boolean {
    const { perSecond } = this.#limits
    const now = performance.now()
    this.#budget = Math.min(perSecond * burstSeconds, this.#budget + ((now - this.#countedAt) / 1000) * perSecond)
    this.#countedAt = now
    if (this.#budget >= 1) {
      this.#budget -= 1
      return true
    }
    if (this.#later === undefined) {
      const goOn = () => {
        this.#later = undefined
        this.#fill()
      }
      this.#later = setTimeout(goOn, Math.ceil(((1 - this.#budget) / perSecond) * 1000))
      this.#later.unref()
    }
    return false
  }

  async #answer(id: string, spec: ProbeSpec): Promise<void> {
    const cause = await this.#refusal(spec)
    if (cause) {
      this.#refused[cause] += 1
      this.#tell({ type: 'probed', id, health: 'unknown', reason: reason('no_verdict'), tookMs: 0, refused: cause })
    } else {
      // With the same second look at a refusal or a hang that the instance's own agent takes.
      const { verdict, tookMs } = await ask(spec, {
        keepConnection: false,
        lag: this.#lag,
        stop: this.#stop,
        onHang() {},
        // A name may lead elsewhere a moment later: what is connected to is what was judged.
        mayReach: (address, port) => this.#wrong(address, port) === undefined,
      })
      const { health, reason } = verdict
      this.#tell({ type: 'probed', id, health, reason, tookMs: Math.round(tookMs * 10) / 10 })
    }
    this.#running -= 1
    this.#fill()
  }

  #tell(message: AgentMessage): void {
    if (!this.#stop.aborted) this.#send(message)
  }

  /** Why it is not run from here. What looks at this host itself is no probe for others, whatever asks for it. */
  async #refusal({ kind, address, port }: ProbeSpec): Promise<Cause | undefined> {
    if (!(probeKinds as readonly string[]).includes(kind)) return 'kind'
    const plain = address.replace(/^\[|\]$/g, '')
    if (isIP(plain.split('%', 1)[0] ?? '') !== 0) return this.#wrong(plain, port) && 'address'
    // A name may lead here, too; one that leads nowhere is for the probe to tell.
    const found = await within(
      lookup(address, { all: true }).catch(() => []),
      lookupWithinMs,
    )
    return (found ?? []).some((each) => this.#wrong(each.address, port)) ? 'address' : undefined
  }

  /** What is wrong with an address that nobody but this host's own may be sent to; undefined: nothing. */
  #wrong(address: string, port: number): Nowhere | undefined {
    const { local, controlPorts } = this.#limits
    return judgeTarget(address, port, { loopback: local(), ports: controlPorts(), isOwn })
  }
}

/** Whether an address is one of this host's. */
function isOwn(address: string): boolean {
  const plain = address.replace(/^::ffff:/i, '')
  return Object.values(networkInterfaces()).some((all) => all?.some((each) => each.address === plain))
}
