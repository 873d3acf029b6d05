import { randomBytes } from 'node:crypto'
import { type Command, Option } from 'commander'
import { Failure } from '#shared/failure/failure.ts'
import { pause } from '#shared/lifecycle/repeat.ts'
import type { RestartView } from '#shared/protocol/orders-api.ts'
import { periodArgument } from '../arguments.ts'
import { type ExitCode, exitCodes } from '../exit-codes.ts'
import { findNode } from '../plane/find.ts'
import type { OpenSession, Session } from '../session.ts'
import { showRestart } from '../show/desired.ts'
import { asOption, reasonOption } from './change.ts'
import { nodeHelp } from './desired.ts'
import { examples } from './examples.ts'

type Options = { readonly reason: string; readonly for?: number; readonly as?: string; readonly wait?: boolean }

const pollEveryMs = 200
/** One poll that hangs must not eat the whole time. */
const mostPollMs = 5_000

const codes: Readonly<Record<RestartView['state'], ExitCode>> = {
  open: exitCodes.timedOut,
  done: exitCodes.ok,
  failed: exitCodes.failed,
  'timed-out': exitCodes.failed,
  interrupted: exitCodes.failed,
  refused: exitCodes.refused,
  expired: exitCodes.timedOut,
}

export function addRestart(program: Command, open: OpenSession): void {
  program
    .command('restart')
    .argument('<node>', nodeHelp)
    .argument('<name>', 'what to restart, as `orders.restart` of the agent on that node names it')
    .description("has a node's agent restart something that its host allows, once")
    .addOption(reasonOption().makeOptionMandatory())
    .option('--for <duration>', 'not begun any more after this time (default: 10m)', periodArgument)
    .addOption(asOption())
    .addOption(new Option('--wait', 'until the agent has said what became of it, at most --timeout'))
    .addHelpText(
      'after',
      examples(
        "heddle restart web-3 crm --reason 'stuck' --wait --timeout 2m",
        "heddle restart web-3 crm --reason 'new certificate' --for 1h",
      ),
    )
    .action(async (name: string, what: string, options: Options, command: Command) => {
      const session = open(command)
      const node = await findNode(session.plane, name)
      const ordered = await session.plane.orderRestart(node, {
        id: `r-${randomBytes(8).toString('hex')}`,
        name: what,
        reason: options.reason,
        by: session.author(options.as),
        ...(options.for === undefined ? {} : { expires_in_ms: options.for }),
      })
      const ended = options.wait ? await outcomeOf(session, ordered) : ordered
      session.print(ended, showRestart)
      if (options.wait) session.exitWith(codes[ended.state])
    })
}

/** Waits for the agent's word. A plane that is away meanwhile is asked again. */
async function outcomeOf({ plane, deadline, stop }: Session, ordered: RestartView): Promise<RestartView> {
  let last = ordered
  while (last.state === 'open' && deadline.leftMs() > 1) {
    await pause(Math.min(pollEveryMs, deadline.leftMs()), stop)
    stop.throwIfAborted()
    try {
      last = await plane.restart(ordered.node, ordered.id, mostPollMs)
    } catch (error) {
      if (stop.aborted || !(error instanceof Failure) || !error.retryable) throw error
    }
  }
  return last
}
