import type { Command } from 'commander'
import type { OpenSession } from '../session.ts'
import { showNodes } from '../show/nodes.ts'
import { examples } from './examples.ts'

export function addNodes(program: Command, open: OpenSession): void {
  program
    .command('nodes')
    .description('the nodes, and whether they are in contact')
    .addHelpText('after', examples('heddle nodes'))
    .action(async (_options: object, command: Command) => {
      const session = open(command)
      session.print(await session.plane.nodes(), showNodes)
    })
}
