import { type Command, InvalidArgumentError } from 'commander'
import { findFound } from '../plane/find-found.ts'
import type { OpenSession } from '../session.ts'
import { showDecision } from '../show/discovered.ts'
import { asOption } from './change.ts'
import { examples } from './examples.ts'

type Options = { readonly service?: string; readonly type?: string; readonly cluster?: string; readonly as?: string }

export const foundHelp = 'what was found: its id, the beginning of its id, its port, or the instance that it is'

export function addAdopt(program: Command, open: OpenSession): void {
  program
    .command('adopt')
    .argument('<found>', foundHelp)
    .description('has something found looked after as an instance, like a declared one')
    .option('--service <name>', 'what it is, where that is not known or not right', text(100))
    .option('--type <type>', 'its type, such as ai-service', text(100))
    .option('--cluster <name>', 'its cluster', text(63))
    .addOption(asOption())
    .addHelpText('after', examples('heddle adopt found-8095-1a2b3c4d --service billing', 'heddle adopt 8095'))
    .action(async (name: string, { service, type, cluster, as }: Options, command: Command) => {
      const session = open(command)
      const id = await findFound(session.plane, name)
      const decided = await session.plane.decide(id, {
        do: 'adopt',
        by: session.author(as),
        ...(service === undefined ? {} : { service }),
        ...(type === undefined ? {} : { type }),
        ...(cluster === undefined ? {} : { cluster }),
      })
      session.print(decided, showDecision)
    })
}

function text(most: number): (value: string) => string {
  return (value) => {
    if (value.trim() === '' || value.length > most) throw new InvalidArgumentError(`Expected 1 to ${most} characters.`)
    return value
  }
}
