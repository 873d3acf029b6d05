import type { Command } from 'commander'
import { countArgument } from '../arguments.ts'
import type { OpenSession } from '../session.ts'
import { showDiff } from '../show/plan.ts'
import { showHistory, showRoutes, showVersion } from '../show/versions.ts'
import { examples } from './examples.ts'

export function addHistory(program: Command, open: OpenSession): void {
  program
    .command('history')
    .argument('[version]', 'only this one, with its stages and files', countArgument)
    .description('the versions of the declaration of routes, newest first')
    .option('--limit <n>', 'at most this many (default: 20)', countArgument)
    .addHelpText('after', examples('heddle history', 'heddle history 4'))
    .action(async (version: number | undefined, { limit = 20 }: { readonly limit?: number }, command: Command) => {
      const session = open(command)
      const { routing } = session.plane
      if (version !== undefined) session.print(await routing.version(version), showVersion)
      else session.print(await routing.versions({ limit: Math.min(limit, 500) }), showHistory)
    })
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
