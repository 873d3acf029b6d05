import { type Command, Option } from 'commander'
import type { SplitRequest, WholeSplitView } from '#shared/protocol/split-api.ts'
import { countArgument } from '../arguments.ts'
import { exitCodes } from '../exit-codes.ts'
import { askUntil } from '../plane/ask-until.ts'
import type { OpenSession, Session } from '../session.ts'
import { showMoved, showSplit, showSplits, splitLine } from '../show/splits.ts'
import { printable } from '../show/text.ts'
import { asOption, reasonOption } from './change.ts'
import { examples } from './examples.ts'

type Options = {
  readonly as?: string
  readonly reason?: string
  readonly ifSerial?: number
  readonly wait?: true
}

type Steering = { readonly action: SplitRequest['action']; readonly description: string; readonly waits: boolean }

const steering: readonly Steering[] = [
  { action: 'start', description: 'begins with the first step', waits: true },
  { action: 'pause', description: 'keeps users where they are; what fails is still taken back', waits: false },
  { action: 'resume', description: 'goes on with a split that is paused', waits: true },
  { action: 'promote', description: 'goes to the next step now, whatever the gate waits for', waits: true },
  { action: 'abort', description: 'takes all users back to the baseline, at once', waits: false },
]

export function addSplit(program: Command, open: OpenSession): void {
  const split = program
    .command('split')
    .description('how new versions of services get their requests, step by step')
    .addHelpText(
      'after',
      examples('heddle split', 'heddle split show resume', "heddle split start resume --reason 'release 2.1' --wait"),
    )
    .action((_options: object, command: Command) => list(open(command)))
  split
    .command('list')
    .description('the services that are split, and how far each one is')
    .addHelpText('after', examples('heddle split list'))
    .action((_options: object, command: Command) => list(open(command)))
  split
    .command('show')
    .argument('<service>', 'the service that is split')
    .description('one split with its changes, and the figures that decided')
    .addHelpText('after', examples('heddle split show resume', 'heddle split show resume --json'))
    .action(async (service: string, _options: object, command: Command) => {
      const session = open(command)
      session.print(await session.plane.splits.find(service), showSplit)
    })
  for (const each of steering) addSteering(split, open, each)
}

function addSteering(split: Command, open: OpenSession, { action, description, waits }: Steering): void {
  const command = split
    .command(action)
    .argument('<service>', 'the service that is split')
    .description(description)
    .addOption(reasonOption())
    .addOption(asOption())
    .option('--if-serial <n>', 'refused unless the split still has this serial', countArgument)
    .addHelpText('after', examples(`heddle split ${action} resume --reason 'release 2.1'`))
  if (waits) command.addOption(new Option('--wait', 'until all users are on the canary or back, at most --timeout'))
  command.action(async (service: string, { as, reason = '', ifSerial, wait }: Options, self: Command) => {
    const session = open(self)
    const moved = await session.plane.splits.steer(service, { action, by: session.author(as), reason }, ifSerial)
    const last = wait ? await decided(session, moved.split) : moved.split
    session.print({ ...moved, split: last }, showMoved)
    if (moved.unkept !== undefined) return session.exitWith(exitCodes.failed)
    if (!wait || last.phase === 'kept' || last.phase === 'settled') return
    session.exitWith(last.phase === 'aborted' ? exitCodes.failed : exitCodes.timedOut)
  })
}

async function list(session: Session): Promise<void> {
  session.print(await session.plane.splits.list(), showSplits)
}

/** One poll that hangs must not eat the whole time. */
const mostPollMs = 5_000

/** The split once it is decided, or as it is when the time is over. A plane that is away meanwhile is asked again. */
async function decided(session: Session, split: WholeSplitView): Promise<WholeSplitView> {
  const { plane } = session
  let told = ''
  const isDecided = (now: WholeSplitView) => {
    if (now.phase !== 'running' && now.phase !== 'paused') return true
    const text = splitLine(printable(now))
    if (text !== told) session.note(text)
    told = text
    return false
  }
  if (isDecided(split)) return split
  const asked = await askUntil(() => plane.splits.find(split.service, mostPollMs), isDecided, session)
  return 'answer' in asked ? asked.answer : split
}
