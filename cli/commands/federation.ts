import type { Command } from 'commander'
import { exitCodes } from '../exit-codes.ts'
import type { OpenSession } from '../session.ts'
import { showDecision, showFederation } from '../show/federation.ts'
import { examples } from './examples.ts'

type Options = { readonly pin?: string }

export function addFederation(program: Command, open: OpenSession): void {
  const federation = program
    .command('federation')
    .description('how the clusters stand, and which one answers what')
    .addHelpText(
      'after',
      examples('heddle federation', "heddle federation --json | jq '.clusters[] | {name, alive, load}'"),
    )
    .action(async (_options: object, command: Command) => {
      const session = open(command)
      session.print(await session.plane.federation(), showFederation)
    })
  federation
    .command('decide')
    .argument('<type>', 'a type of request, such as resume, or the name of a service')
    .description('which cluster answers a type of request, and why; exits with 1 if none does')
    .addHelpText('after', examples('heddle federation decide resume', 'heddle federation decide ai --pin looma'))
    .option('--pin <cluster>', 'as for a caller who wants this cluster (default: auto)')
    .action(async (type: string, { pin }: Options, command: Command) => {
      const session = open(command)
      const decision = await session.plane.decideCluster(type, pin)
      session.print(decision, showDecision)
      if (decision.cluster === null) session.exitWith(exitCodes.failed)
    })
}
