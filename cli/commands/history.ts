import type { Command } from 'commander'
import { Failure } from '#shared/failure/failure.ts'
import type { VersionView, WholeVersionView } from '#shared/protocol/routing-api.ts'
import { countArgument, momentOf, type Since, sinceArgument } from '../arguments.ts'
import { exitCodes } from '../exit-codes.ts'
import type { RoutingCalls } from '../plane/routing.ts'
import type { OpenSession, Session } from '../session.ts'
import { heldVersion } from '../show/held-version.ts'
import { showDiff } from '../show/plan.ts'
import { showHistory, showRoutes, showVersion } from '../show/versions.ts'
import { examples } from './examples.ts'

export function addHistory(program: Command, open: OpenSession): void {
  program
    .command('history')
    .argument('[version]', 'only this one, with its stages and files', countArgument)
    .description('the versions of the declaration of routes, newest first')
    .option('--limit <n>', 'at most this many (default: 20)', countArgument)
    .option(
      '--at <moment>',
      'the one that held then, with its files: a time ago (10m) or a time (ISO 8601)',
      sinceArgument,
    )
    .addHelpText('after', examples('heddle history', 'heddle history 4', 'heddle history --at 2h'))
    .action(async (version: number | undefined, { limit = 20, at }: HistoryOptions, command: Command) => {
      const session = open(command)
      const { routing } = session.plane
      if (at) {
        const number = await heldAt(routing, at, session.now())
        if (number !== undefined) return printVersion(session, await routing.version(number))
        session.note('no version held at that time')
        session.exitWith(exitCodes.notFound)
      } else if (version !== undefined) printVersion(session, await routing.version(version))
      else session.print(await routing.versions({ limit: Math.min(limit, 500) }), showHistory)
    })
}

/** What a session makes printable has no lines left; those of files are wanted. */
function printVersion(session: Session, version: WholeVersionView): void {
  session.print(version, (_flat, style) => showVersion(version, style))
}

type HistoryOptions = { readonly limit?: number; readonly at?: Since }

/** Versions of a page; more than are asked for at once have to be gone through one page after the other. */
const pageSize = 500

/** The number of the version that held at a moment; undefined: none did. */
async function heldAt(routing: RoutingCalls, at: Since, now: number): Promise<number | undefined> {
  if (at.kind === 'revision') {
    throw new Failure('ARGUMENT_INVALID', '--at of versions is a time', {
      remedy: 'Versions have numbers of their own: `heddle history <version>`.',
    })
  }
  const moment = Date.parse(momentOf(at, now))
  for (let before: number | undefined; ; ) {
    const page: readonly VersionView[] = await routing.versions({
      limit: pageSize,
      ...(before === undefined ? {} : { before }),
    })
    const held = heldVersion(page, moment)
    if (held || page.length < pageSize) return held?.number
    before = page.at(-1)?.number
  }
}

export function addDiff(program: Command, open: OpenSession): void {
  program
    .command('diff')
    .argument('[from]', 'a version (default: the one before)', countArgument)
    .argument('[to]', 'another one (default: the one that holds)', countArgument)
    .description('what makes one version of the declaration of another, gateway by gateway')
    .addHelpText('after', examples('heddle diff', 'heddle diff 3', 'heddle diff 3 5'))
    .action(async (from: number | undefined, to: number | undefined, _options: object, command: Command) => {
      const session = open(command)
      const query = { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) }
      session.print(await session.plane.routing.diff(query), showDiff)
    })
}

export function addRoutes(program: Command, open: OpenSession): void {
  program
    .command('routes')
    .argument('[gateway]', 'only of this one; of every gateway by default')
    .description('the routes of a gateway as it has them, in the order in which they are tried')
    .addHelpText('after', examples('heddle routes', 'heddle routes edge'))
    .action(async (gateway: string | undefined, _options: object, command: Command) => {
      const session = open(command)
      const { routing } = session.plane
      const names = gateway === undefined ? (await routing.state()).gateways.map((each) => each.gateway) : [gateway]
      const tables = await Promise.all(names.map((name) => routing.routes(name)))
      session.print(tables, (all, style) =>
        all.length === 0 ? 'No gateway is declared.' : all.map((each) => showRoutes(each, style)).join('\n\n'),
      )
    })
}
