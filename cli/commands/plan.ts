import type { Command } from 'commander'
import { exitCodes } from '../exit-codes.ts'
import type { OpenSession } from '../session.ts'
import { showPlan } from '../show/plan.ts'
import { pathHelp, readDeclaration } from './declaration-files.ts'
import { examples } from './examples.ts'

export function addPlan(program: Command, open: OpenSession): void {
  program
    .command('plan')
    .argument('<path>', pathHelp)
    .description('what a declaration of routes would change at each gateway, and whom that concerns; changes nothing')
    .addHelpText('after', examples('heddle plan routes/', 'heddle plan routes.yaml --json | jq .radius'))
    .action(async (path: string, _options: object, command: Command) => {
      const session = open(command)
      const plan = await session.plane.routing.plan({ files: await readDeclaration(path) })
      session.print(plan, showPlan)
      if (!plan.valid) session.exitWith(exitCodes.failed)
    })
}
