import type { Command } from 'commander'
import { findNode } from '../plane/find.ts'
import type { OpenSession } from '../session.ts'
import { showDesired } from '../show/desired.ts'
import { examples } from './examples.ts'

export const nodeHelp = 'a node: its id, its name or the beginning of its id'

export function addDesired(program: Command, open: OpenSession): void {
  program
    .command('desired')
    .argument('<node>', nodeHelp)
    .description('what a node should do, and what its agent says that it does')
    .addHelpText('after', examples('heddle desired web-3', 'heddle desired n-abcdefghijkl --json'))
    .action(async (name: string, _options: object, command: Command) => {
      const session = open(command)
      const { plane } = session
      session.print(await plane.desired(await findNode(plane, name)), showDesired)
    })
}
