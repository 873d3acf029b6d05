import type { Command } from 'commander'
import type { OpenSession } from '../session.ts'
import { showServices } from '../show/services.ts'
import { examples } from './examples.ts'

export function addServices(program: Command, open: OpenSession): void {
  program
    .command('services')
    .description('the services, and how many of their instances are routable')
    .addHelpText(
      'after',
      examples('heddle services', "heddle services --json | jq '.[] | select(.routable == 0).name'"),
    )
    .action(async (_options: object, command: Command) => {
      const session = open(command)
      session.print(await session.plane.services(), showServices)
    })
}
