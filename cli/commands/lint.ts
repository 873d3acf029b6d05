import type { Command } from 'commander'
import type { LintView } from '#shared/protocol/lint.ts'
import { durationArgument } from '../arguments.ts'
import { exitCodes } from '../exit-codes.ts'
import type { Plane } from '../plane/plane.ts'
import type { OpenSession } from '../session.ts'
import { showLint } from '../show/lint.ts'
import { examples } from './examples.ts'

type Options = { readonly criticalFor?: number }

export function addLint(program: Command, open: OpenSession): void {
  const lint = program.command('lint').description('what is wrong with what others have registered')
  lint
    .command('consul')
    .argument('[datacenter]', 'only this one; all that the control plane knows by default')
    .description(
      'looks for phantoms, missing checks and the like in Consul; changes nothing, exits with 1 if it finds any',
    )
    .option('--critical-for <duration>', 'what is critical longer than this is found (default: 24h)', durationArgument)
    .addHelpText('after', examples('heddle lint consul zervigo-dc', "heddle lint consul --json | jq '.[].findings[]'"))
    .action(async (datacenter: string | undefined, { criticalFor }: Options, command: Command) => {
      const session = open(command)
      const names = datacenter === undefined ? await datacenters(session.plane) : [datacenter]
      const found: LintView[] = []
      for (const name of names) {
        found.push(await session.plane.lint(name, criticalFor === undefined ? undefined : `${criticalFor}ms`))
      }
      session.print(found, showLint)
      if (found.some(({ findings }) => findings.length > 0)) session.exitWith(exitCodes.failed)
    })
}

async function datacenters(plane: Plane): Promise<readonly string[]> {
  const { sinks } = await plane.status()
  return sinks.flatMap(({ kind, name }) => (kind === 'consul' ? [name.slice('consul:'.length)] : []))
}
