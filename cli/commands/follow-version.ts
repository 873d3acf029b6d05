import { Failure } from '#shared/failure/failure.ts'
import { pause } from '#shared/lifecycle/repeat.ts'
import type { AppliedView, RoutingView, VersionView } from '#shared/protocol/routing-api.ts'
import { exitCodes } from '../exit-codes.ts'
import { askUntil } from '../plane/ask-until.ts'
import type { Session } from '../session.ts'
import { printable } from '../show/text.ts'
import { showApplied, showStep } from '../show/versions.ts'

const pollEveryMs = 200
/** One poll that hangs must not eat the whole time. */
const mostPollMs = 5_000
const clearLine = '\r\u001b[2K'
const howToGoOn = 'follow it with `heddle apply --follow`, take it back with `heddle apply --abort`'

/** Prints what became of a version; with `wait` when it is decided and served. The code says whether it holds. */
export async function settleVersion(session: Session, applied: AppliedView, wait: boolean): Promise<void> {
  const version = wait ? await decided(session, applied.version) : applied.version
  session.print({ ...applied, version }, showApplied)
  // What came in stages has been proven in each of them.
  if (wait && applied.version.state === 'applied') await served(session, version.number)
  if (version.state === 'staged') {
    session.note(`Version ${version.number} is on its way: ${howToGoOn}.`)
    if (wait) session.exitWith(exitCodes.timedOut)
  } else if (version.state !== 'applied') session.exitWith(exitCodes.failed)
}

/** Waits until every gateway has proven a version that holds, or rejects a part of it. */
async function served(session: Session, number: number): Promise<void> {
  const missing = ({ gateways }: RoutingView) => {
    return gateways.filter(({ mode, proven }) => mode === 'apply' && (proven ?? 0) < number)
  }
  const isOver = (state: RoutingView) => missing(state).every(({ rejected }) => rejected.length > 0)
  const asked = await askUntil(() => session.plane.routing.state(), isOver, session)
  if ('trouble' in asked) return
  for (const { gateway, rejected } of printable(missing(asked.answer))) {
    const what = rejected.length === 0 ? 'has not proven it' : `rejects a part of it: ${rejected.join(', ')}`
    session.note(`Version ${number} holds, but ${gateway} ${what}.`)
    session.exitWith(rejected.length === 0 ? exitCodes.timedOut : exitCodes.failed)
  }
}

/** The version once it is applied or halted, or as it is when the time is over. A plane that is away meanwhile is asked again. */
async function decided(session: Session, version: VersionView): Promise<VersionView> {
  const { plane, deadline, stop } = session
  let last = version
  let told = ''
  const tell = () => {
    const text = showStep(printable(last))
    if (session.errIsTerminal) session.writeErr(`${clearLine}${text}`)
    else if (text !== told) session.note(text)
    told = text
  }
  try {
    while (last.state === 'staged' && deadline.leftMs() > 1) {
      tell()
      await pause(Math.min(pollEveryMs, deadline.leftMs()), stop)
      stop.throwIfAborted()
      try {
        const { files: _, ...next } = await plane.routing.version(last.number, mostPollMs)
        last = next
      } catch (error) {
        if (stop.aborted || !(error instanceof Failure) || !error.retryable) throw error
      }
    }
  } catch (error) {
    // It does not depend on who watches.
    if (stop.aborted) session.note(`${told === '' ? '' : '\n'}Version ${last.number} goes on: ${howToGoOn}.`)
    throw error
  }
  if (session.errIsTerminal && told !== '') session.writeErr(clearLine)
  return last
}
