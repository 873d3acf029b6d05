import type { Command } from 'commander'
import { findFound } from '../plane/find-found.ts'
import type { OpenSession } from '../session.ts'
import { showDecision } from '../show/discovered.ts'
import { foundHelp } from './adopt.ts'
import { asOption } from './change.ts'
import { examples } from './examples.ts'

export function addIgnore(program: Command, open: OpenSession): void {
  program
    .command('ignore')
    .argument('<found>', foundHelp)
    .description('leaves something found alone; one that was adopted is withdrawn')
    .addOption(asOption())
    .addHelpText('after', examples('heddle ignore found-8095-1a2b3c4d', 'heddle ignore billing-5e6f7a8b'))
    .action(async (name: string, { as }: { readonly as?: string }, command: Command) => {
      const session = open(command)
      const id = await findFound(session.plane, name)
      session.print(await session.plane.decide(id, { do: 'ignore', by: session.author(as) }), showDecision)
    })
}
