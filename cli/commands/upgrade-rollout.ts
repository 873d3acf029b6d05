import { readFile, stat } from 'node:fs/promises'
import { type Command, InvalidArgumentError } from 'commander'
import * as z from 'zod/mini'
import { Failure } from '#shared/failure/failure.ts'
import { SignedRelease } from '#shared/protocol/release.ts'
import { type RolloutView, ScopeText, StageText, WindowText } from '#shared/protocol/upgrade.ts'
import { countArgument, durationArgument } from '../arguments.ts'
import { exitCodes } from '../exit-codes.ts'
import { askUntil } from '../plane/ask-until.ts'
import type { OpenSession, Session } from '../session.ts'
import { printable } from '../show/text.ts'
import { rolloutLine, showRelease, showRollout, showUpgrades } from '../show/upgrades.ts'
import { asOption, reasonOption } from './change.ts'
import { examples } from './examples.ts'

type Signing = { readonly as?: string; readonly reason?: string }
type StartOptions = Signing & {
  readonly to: string
  readonly stages: readonly string[]
  readonly pause: number
  readonly soak: number
  readonly limit: number
  readonly mostFailed: number
  readonly atOnce: number
  readonly window?: string
  readonly watch?: true
}
type SteerOptions = Signing & { readonly ifSerial?: number }

const mostSignedBytes = 16 * 1024
const mostPollMs = 5_000

/** `heddle upgrade add|start|back|status|pause|resume|stop`: how a release comes to hosts. */
export function addRollout(upgrade: Command, open: OpenSession): void {
  upgrade
    .command('add')
    .argument('<signed>', 'what `heddle upgrade sign` has written')
    .argument('<file>', 'the file that was signed')
    .description('gives the plane a signed release, from which agents get it')
    .addOption(asOption())
    .addHelpText(
      'after',
      examples('heddle upgrade add heddle-agent_1.4.0.json heddle-agent_1.4.0_amd64.deb --timeout 5m'),
    )
    .action(async (signed: string, file: string, { as }: Signing, command: Command) => {
      const session = open(command)
      const { size } = await stat(file).catch((cause: unknown) => {
        throw new Failure('ARGUMENT_INVALID', `${file} cannot be read`, { cause })
      })
      const body = { signed: await readSigned(signed), bytes: size, by: session.author(as) }
      let told = 0
      const release = await session.plane.upgrades.add(body, file, (here) => {
        const percent = Math.floor((here * 100) / size)
        if (percent < told + 10) return
        told = percent
        session.note(`${percent}% of ${size} bytes`)
      })
      session.print(release, showRelease)
    })
  addStart(upgrade, open, {
    name: 'start',
    back: false,
    description: 'has the agents of a scope become a version that was added, stage by stage',
    example: 'heddle upgrade start 1.4.0 --to site:tencent --stages 1,10%,50%,100% --pause 10m --reason 1.4',
  })
  addStart(upgrade, open, {
    name: 'back',
    back: true,
    description: 'the same to an older version: only where no floor of an agent is above it',
    example: 'heddle upgrade back 1.3.2 --to all --reason "1.4.0 halted before it ran anywhere"',
  })
  upgrade
    .command('status')
    .argument('[rollout]', 'its number; left out: all', countArgument)
    .description('which agents have which version, the releases, and how far each rollout is')
    .option('--watch', 'until the newest rollout is over or halted, at most --timeout')
    .addHelpText('after', examples('heddle upgrade status', 'heddle upgrade status 3 --watch --timeout 1h'))
    .action(async (id: number | undefined, { watch }: { readonly watch?: true }, command: Command) => {
      const session = open(command)
      const { upgrades } = session.plane
      if (id === undefined && !watch) return session.print(await upgrades.list(), showUpgrades)
      const rollout = id === undefined ? (await upgrades.list()).rollouts[0] : await upgrades.find(id)
      if (!rollout) return session.print(await upgrades.list(), showUpgrades)
      session.print(watch ? await over(session, rollout) : rollout, showRollout)
    })
  for (const [action, description] of [
    ['pause', 'asks no further agents; what is under way is watched, and may halt it'],
    ['resume', 'goes on with one that is paused or halted; those that failed are asked again'],
    ['stop', 'ends it: nothing is asked of anybody any more; agents that are upgraded stay so'],
  ] as const) {
    upgrade
      .command(action)
      .argument('<rollout>', 'its number', countArgument)
      .description(description)
      .addOption(reasonOption())
      .addOption(asOption())
      .option('--if-serial <n>', 'refused unless the rollout still has this serial', countArgument)
      .addHelpText('after', examples(`heddle upgrade ${action} 3 --reason 'as agreed'`))
      .action(async (id: number, { as, reason = '', ifSerial }: SteerOptions, command: Command) => {
        const session = open(command)
        const body = { action, reason, by: session.author(as) }
        session.print(await session.plane.upgrades.steer(id, body, ifSerial), showRollout)
      })
  }
}

type Starting = {
  readonly name: string
  readonly back: boolean
  readonly description: string
  readonly example: string
}

function addStart(upgrade: Command, open: OpenSession, { name, back, description, example }: Starting): void {
  upgrade
    .command(name)
    .argument('<version>', 'which release')
    .description(description)
    .option('--to <scope>', 'all, site:<name>, cluster:<name> or node:<id>', scopeArgument, 'all')
    .option('--stages <list>', 'nodes or percent of them, one after the other', stagesArgument, [
      '1',
      '10%',
      '50%',
      '100%',
    ])
    .option('--pause <duration>', 'between two stages', durationArgument, 600_000)
    .option('--soak <duration>', 'how long an upgraded node must have been well', durationArgument, 60_000)
    .option('--limit <duration>', 'within which an agent must have come back', durationArgument, 600_000)
    .option('--most-failed <percent>', 'of those that were asked; more halt it', percentArgument, 0)
    .option('--at-once <n>', 'nodes under way at a time', countArgument, 10)
    .option('--window <from-to>', 'of the day, UTC, such as 22:00-04:00', windowArgument)
    .option('--watch', 'until it is over or halted, at most --timeout')
    .addOption(reasonOption())
    .addOption(asOption())
    .addHelpText('after', examples(example))
    .action(async (version: string, options: StartOptions, command: Command) => {
      const session = open(command)
      const { to: scope, stages, reason = '', as, window, watch } = options
      const rollout = await session.plane.upgrades.start({
        ...{ version, scope, stages: [...stages], back, reason, by: session.author(as) },
        pause_ms: options.pause,
        soak_ms: options.soak,
        limit_ms: options.limit,
        most_failed_percent: options.mostFailed,
        at_once: options.atOnce,
        ...(window === undefined ? {} : { window }),
      })
      session.print(watch ? await over(session, rollout) : rollout, showRollout)
    })
}

/** A rollout once it is over, or as it is when the time is. A plane that is away meanwhile is asked again. */
async function over(session: Session, rollout: RolloutView): Promise<RolloutView> {
  let told = ''
  const isOver = (now: RolloutView) => {
    const text = rolloutLine(printable(now))
    if (text !== told) session.note(text)
    told = text
    return now.phase !== 'running' && now.phase !== 'paused'
  }
  const asked = isOver(rollout)
    ? { answer: rollout }
    : await askUntil(() => session.plane.upgrades.find(rollout.id, mostPollMs), isOver, session)
  const last = 'answer' in asked ? asked.answer : rollout
  if (last.phase === 'halted' || last.phase === 'stopped') session.exitWith(exitCodes.failed)
  else if (last.phase !== 'done') session.exitWith(exitCodes.timedOut)
  return last
}

async function readSigned(path: string): Promise<SignedRelease> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new Failure('ARGUMENT_INVALID', `${path} cannot be read`, { cause })
  })
  try {
    if (text.length <= mostSignedBytes) return z.parse(SignedRelease, JSON.parse(text))
  } catch {
    // Told below.
  }
  throw new Failure('ARGUMENT_INVALID', `${path} is no signed release: \`heddle upgrade sign\` makes one`)
}

function stagesArgument(text: string): readonly string[] {
  const stages = text.split(',')
  if (stages.length <= 20 && stages.every((each) => z.safeParse(StageText, each).success)) return stages
  throw new InvalidArgumentError('Expected nodes or percent of them, such as 1,10%,50%,100%.')
}

function scopeArgument(text: string): string {
  if (z.safeParse(ScopeText, text).success) return text
  throw new InvalidArgumentError('Expected all, site:<name>, cluster:<name> or node:<id>.')
}

function windowArgument(text: string): string {
  if (z.safeParse(WindowText, text).success) return text
  throw new InvalidArgumentError('Expected times of the day in UTC, such as 22:00-04:00.')
}

function percentArgument(text: string): number {
  if (/^(?:100|\d{1,2})$/.test(text)) return Number(text)
  throw new InvalidArgumentError('Expected a number from 0 to 100.')
}
