import type { Command } from 'commander'
import type { OpenSession } from '../session.ts'
import { showFreeze } from '../show/changes.ts'
import { addChangeOptions, reasonOption, settle } from './change.ts'
import { examples } from './examples.ts'

type Options = { readonly reason?: string; readonly as?: string; readonly wait?: boolean }

export function addThaw(program: Command, open: OpenSession): void {
  const command = program
    .command('thaw')
    .description('ends a freeze: every sink follows the fleet again')
    .addOption(reasonOption())
  addChangeOptions(command)
    .addHelpText('after', examples('heddle thaw --wait'))
    .action(async ({ reason = '', as, wait }: Options, self: Command) => {
      const session = open(self)
      const change = await session.plane.thaw({ reason, by: session.author(as) })
      session.print(change, (view) => showFreeze(view, false))
      await settle(session, change, wait)
    })
}
