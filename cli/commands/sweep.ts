import type { Command } from 'commander'
import { exitCodes } from '../exit-codes.ts'
import type { OpenSession } from '../session.ts'
import { showSweep } from '../show/changes.ts'
import { asOption } from './change.ts'
import { examples } from './examples.ts'

type Options = { readonly datacenter: string; readonly owner: string; readonly apply?: boolean; readonly as?: string }

export function addSweep(program: Command, open: OpenSession): void {
  program
    .command('sweep')
    .description("lists an owner's records in a Consul datacenter; with --apply, and only while frozen, removes them")
    .requiredOption('--datacenter <name>', 'the datacenter, as the control plane names it')
    .requiredOption('--owner <name>', 'whose records; nothing else is touched')
    .option('--apply', 'remove them', false)
    .addOption(asOption())
    .addHelpText(
      'after',
      examples(
        'heddle sweep --datacenter zervigo-dc --owner old-installation',
        "heddle freeze --reason 'leaving zervigo-dc' && heddle sweep --datacenter zervigo-dc --owner main --apply",
      ),
    )
    .action(async ({ datacenter, owner, apply = false, as }: Options, command: Command) => {
      const session = open(command)
      const swept = await session.plane.sweep(datacenter, { owner, apply, by: session.author(as) })
      session.print(swept, showSweep)
      if (apply && swept.left.length > 0) session.exitWith(exitCodes.failed)
    })
}
