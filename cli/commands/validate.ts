import type { Command } from 'commander'
import { declarationSchema } from '#control-plane/routing/declaration/json-schema.ts'
import { parseDeclaration } from '#control-plane/routing/declaration/parse.ts'
import { exitCodes } from '../exit-codes.ts'
import type { OpenSession } from '../session.ts'
import { showProblems } from '../show/plan.ts'
import { count } from '../show/text.ts'
import { pathHelp, readDeclaration } from './declaration-files.ts'
import { examples } from './examples.ts'

export function addValidate(program: Command, open: OpenSession): void {
  program
    .command('validate')
    .argument('<path>', pathHelp)
    .description('reads a declaration of routes and tells everything that is wrong with it; asks no control plane')
    .addHelpText('after', examples('heddle validate routes/'))
    .action(async (path: string, _options: object, command: Command) => {
      const session = open(command)
      const files = await readDeclaration(path)
      const { declaration, problems } = parseDeclaration(files)
      const view = { valid: declaration !== undefined, problems: problems.map((problem) => ({ ...problem })) }
      session.print(view, (shown, style) => {
        if (!declaration) return showProblems(shown.problems, style)
        const { gateways, routes } = declaration
        return `${count(files.length, 'file')} with ${count(gateways.length, 'gateway')} and ${count(routes.length, 'route')} of theirs: nothing is wrong.`
      })
      if (!declaration) session.exitWith(exitCodes.failed)
    })
}

export function addSchema(program: Command, open: OpenSession): void {
  program
    .command('schema')
    .description('prints the JSON Schema of a declaration of routes, for editors')
    .addHelpText('after', examples('heddle schema > declaration.schema.json'))
    .action(async (_options: object, command: Command) => {
      const session = open(command)
      session.writeLine(JSON.stringify(declarationSchema(), null, 2))
    })
}
