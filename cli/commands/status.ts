import type { Command } from 'commander'
import { exitCodes } from '../exit-codes.ts'
import type { OpenSession } from '../session.ts'
import { showStatus } from '../show/status.ts'
import { printable } from '../show/text.ts'
import { troubles } from '../troubles.ts'
import { examples } from './examples.ts'

export function addStatus(program: Command, open: OpenSession): void {
  program
    .command('status')
    .description('what the fleet is, and what each sink has proven')
    .option('--check', 'exit with 1 if a sink is behind or blocked, contact is lost, or a problem waits for a person')
    .addHelpText('after', examples('heddle status', 'heddle status --check || alert "the fleet needs a look"'))
    .action(async ({ check = false }: { readonly check?: boolean }, command: Command) => {
      const session = open(command)
      const status = await session.plane.status()
      session.print(status, showStatus)
      const found = check ? troubles(status) : []
      for (const trouble of found) session.note(`check: ${printable(trouble)}`)
      if (found.length > 0) session.exitWith(exitCodes.failed)
    })
}
