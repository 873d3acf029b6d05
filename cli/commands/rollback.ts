import type { Command } from 'commander'
import { countArgument } from '../arguments.ts'
import type { OpenSession } from '../session.ts'
import { examples } from './examples.ts'
import { settleVersion } from './follow-version.ts'
import { addVersionOptions, requestOf, type VersionOptions } from './version-options.ts'

export function addRollback(program: Command, open: OpenSession): void {
  const rollback = program
    .command('rollback')
    .argument('<version>', 'whose files are to hold again', countArgument)
    .description('makes a new version of the files of an earlier one, through the same stages')
  addVersionOptions(rollback)
    .addHelpText('after', examples("heddle rollback 3 --comment 'reports are slow' --wait"))
    .action(async (to: number, options: VersionOptions, command: Command) => {
      const session = open(command)
      const request = requestOf(session, options.comment ?? `back to version ${to}`, options)
      const applied = await session.plane.routing.rollback({ to, ...request }, options.ifVersion)
      await settleVersion(session, applied, options.wait ?? false)
    })
}
