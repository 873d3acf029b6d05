import { type Command, Option } from 'commander'
import { countArgument } from '../arguments.ts'
import type { OpenSession } from '../session.ts'
import { examples } from './examples.ts'
import { settleVersion } from './follow-version.ts'
import {
  addStageOptions,
  authorOption,
  commentOption,
  type StageOptions,
  versionOption,
  wayOf,
} from './stage-options.ts'

type Options = StageOptions & {
  readonly comment?: string
  readonly author?: string
  readonly ifVersion?: number
  readonly wait?: true
}

export function addRollback(program: Command, open: OpenSession): void {
  const rollback = program
    .command('rollback')
    .argument('<version>', 'whose files are to hold again', countArgument)
    .description('makes a new version of the files of an earlier one, through the same stages')
    .addOption(commentOption())
    .addOption(authorOption())
    .addOption(versionOption())
  addStageOptions(rollback)
    .addOption(new Option('--wait', 'until it holds or is taken back, at most --timeout'))
    .addHelpText('after', examples("heddle rollback 3 --comment 'reports are slow' --wait"))
    .action(async (to: number, options: Options, command: Command) => {
      const session = open(command)
      const comment = options.comment ?? `back to version ${to}`
      const body = { to, comment, by: session.author(options.author), ...wayOf(options) }
      const applied = await session.plane.routing.rollback(body, options.ifVersion)
      await settleVersion(session, applied, options.wait ?? false)
    })
}
