import type { Command } from 'commander'
import type { OpenSession } from '../session.ts'
import { showFreeze } from '../show/changes.ts'
import { asOption, reasonOption } from './change.ts'
import { examples } from './examples.ts'

type Options = { readonly reason: string; readonly as?: string }

export function addFreeze(program: Command, open: OpenSession): void {
  program
    .command('freeze')
    .description('stops all writers, removals too: every sink keeps what it has')
    .addOption(reasonOption().makeOptionMandatory())
    .addOption(asOption())
    .addHelpText('after', examples("heddle freeze --reason 'network work until 14:00'"))
    .action(async ({ reason, as }: Options, command: Command) => {
      const session = open(command)
      const change = await session.plane.freeze({ reason, by: session.author(as) })
      session.print(change, (view) => showFreeze(view, true))
    })
}
