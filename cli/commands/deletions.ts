import type { Command } from 'commander'
import type { OpenSession } from '../session.ts'
import { showApproval } from '../show/changes.ts'
import { asOption } from './change.ts'
import { examples } from './examples.ts'

type Options = { readonly datacenter: string; readonly as?: string }

export function addDeletions(program: Command, open: OpenSession): void {
  const deletions = program
    .command('deletions')
    .description('the inferred deletions that the guard of a datacenter holds back')
  deletions
    .command('approve')
    .description('lets them go on; `heddle status` shows how many wait')
    .requiredOption('--datacenter <name>', 'the datacenter, as the control plane names it')
    .addOption(asOption())
    .addHelpText('after', examples('heddle deletions approve --datacenter looma-dc'))
    .action(async ({ datacenter, as }: Options, command: Command) => {
      const session = open(command)
      const approved = await session.plane.approveDeletions(datacenter, { by: session.author(as) })
      session.print(approved, showApproval)
    })
}
