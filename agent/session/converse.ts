import type { Logger } from '#shared/logging/logger.ts'
import type { AdmitOutcome } from '#shared/protocol/admit.ts'
import { beatEveryMs, type Desired, gatherMs } from '#shared/protocol/messages.ts'
import type { Backlog } from '../buffer/open-backlog.ts'
import type { Lag } from '../checks/lag.ts'
import { within } from '../checks/within.ts'
import type { Membership } from '../identity/membership.ts'
import { Gather } from '../report/gather.ts'
import type { Outbox } from '../report/outbox.ts'
import { asked } from './asked.ts'
import type { Channel } from './channel.ts'
import { nextDesired, nothingDesired } from './desired.ts'
import type { ReplayPace } from './pace.ts'
import { Renewal } from './renewal.ts'
import { Replay } from './replay.ts'

export type Talking = {
  readonly outbox: Outbox
  readonly backlog: Backlog
  readonly pace: ReplayPace
  readonly lag: Lag
  readonly log: Logger
  readonly onDesired: (desired: Desired) => void
  /** The plane has been told everything; what else is known may follow. */
  readonly onBegun?: () => void
  /** What became of what this node asked for its own instances. */
  readonly onAdmitted?: (outcome: AdmitOutcome) => void
  /** Left out: no plane asks for a certificate. */
  readonly membership?: Membership | undefined
}

/** What becomes of a session because of others. */
export type Moving = {
  /** The plane asks the agent to go to another one. */
  readonly onMove: (why: 'leaving' | 'balance') => void
  /** Another plane has welcomed the agent: from now on it speaks there. */
  readonly moved: AbortSignal
}

const flushWithinMs = 1_000

/**
 * Holds one session from its welcome to its end: the whole first, then what changes, a beat every 5 s, and beside it, slowly, what
 * happened while no plane heard it, if this one takes that; desired state comes down.
 * When `stop` is signalled it tells what is left, says goodbye and closes. When it has moved it closes at once: the next session begins
 * with everything. Returns why the session ended.
 */
export async function converse(
  { channel, history }: { readonly channel: Channel; readonly history: boolean },
  talking: Talking,
  { onMove, moved }: Moving,
  stop: AbortSignal,
): Promise<string> {
  const { outbox, backlog, pace, lag, log, onDesired, onBegun, membership } = talking
  const ending = new AbortController()
  const replay = new Replay(channel, backlog, pace)
  using renewal = membership && new Renewal(channel, membership, log)
  let replaying: Promise<void> | undefined
  let desired = nothingDesired
  let settled: (() => void) | undefined
  let refusal: string | undefined
  channel.receive((message) => {
    switch (message.type) {
      case 'ack':
        outbox.acknowledge(message.sequence)
        // The plane knows what is; now it may hear what was.
        if (history) replaying ??= replay.run(AbortSignal.any([stop, ending.signal]))
        if (outbox.settled) settled?.()
        return
      case 'history-taken':
        replay.taken(message.batch)
        return
      case 'desired':
        desired = nextDesired(desired, message)
        if (message.desired.trust !== undefined) renewal?.trustNamed(message.desired.trust)
        onDesired(desired)
        return
      case 'renewed':
        renewal?.renewed(message)
        return
      case 'not-renewed':
        renewal?.notRenewed(message)
        return
      case 'refused':
        membership?.refused(message.code)
        refusal = `${message.code}: ${message.message}`
        log.warn({ code: message.code, retry: message.retry }, message.message)
        return
      case 'admitted':
        talking.onAdmitted?.(message)
        return
      case 'move':
        onMove(message.why)
        return
      case 'welcome':
        return
    }
  })

  const tell = () => {
    for (let report = outbox.next(performance.now()); report; report = outbox.next(performance.now())) {
      channel.send(report)
    }
  }
  using gather = new Gather(tell, gatherMs)
  channel.send(outbox.begin(performance.now()))
  outbox.onNews = () => gather.ring()
  onBegun?.()
  const beat = setInterval(() => channel.send({ type: 'beat', lagMs: lag.take() }), beatEveryMs)

  const why = await endedOrAsked(channel, AbortSignal.any([stop, moved]))
  clearInterval(beat)
  if (why === undefined && !moved.aborted) {
    tell()
    const allTaken = new Promise<undefined>((resolve) => {
      if (outbox.settled) resolve(undefined)
      else settled = () => resolve(undefined)
    })
    await Promise.race([channel.ended, within(allTaken, flushWithinMs)])
    channel.send({ type: 'goodbye' })
  }
  ending.abort()
  outbox.onNews = undefined
  outbox.end()
  await Promise.all([channel[Symbol.asyncDispose](), replaying])
  return refusal ?? why ?? (moved.aborted ? 'moved to another plane' : 'stopped')
}

/** Why the connection ended; undefined if `stop` came first. */
async function endedOrAsked(channel: Channel, stop: AbortSignal): Promise<string | undefined> {
  const watching = new AbortController()
  const why = await Promise.race([channel.ended, asked(stop, watching.signal)])
  watching.abort()
  return why
}
