import { Argument, type Command } from 'commander'
import { type LevelName, levelNames } from '#shared/protocol/orders.ts'
import { periodArgument } from '../arguments.ts'
import { findNode } from '../plane/find.ts'
import type { OpenSession } from '../session.ts'
import { showLogLevel } from '../show/desired.ts'
import { asOption, reasonOption } from './change.ts'
import { nodeHelp } from './desired.ts'
import { examples } from './examples.ts'

type Options = { readonly reason?: string; readonly for?: number; readonly as?: string }

export function addLogLevel(program: Command, open: OpenSession): void {
  program
    .command('log-level')
    .argument('<node>', nodeHelp)
    .addArgument(
      new Argument('<level>', "default: as the agent's own configuration says").choices([...levelNames, 'default']),
    )
    .description("how much a node's agent logs")
    .addOption(reasonOption())
    .option('--for <duration>', 'as it was after this time (default: until somebody says so)', periodArgument)
    .addOption(asOption())
    .addHelpText(
      'after',
      examples("heddle log-level web-3 debug --for 10m --reason 'flapping'", 'heddle log-level web-3 default'),
    )
    .action(async (name: string, level: LevelName | 'default', options: Options, command: Command) => {
      const session = open(command)
      const { plane } = session
      const node = await findNode(plane, name)
      const change = await plane.orderLogLevel(node, {
        level: level === 'default' ? null : level,
        reason: options.reason ?? '',
        by: session.author(options.as),
        ...(options.for === undefined ? {} : { expires_in_ms: options.for }),
      })
      session.print(change, (view) => showLogLevel(view, node, level))
    })
}
