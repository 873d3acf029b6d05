import type { Command } from 'commander'
import { periodArgument } from '../arguments.ts'
import type { OpenSession } from '../session.ts'
import { type AdmissionOptions, admit, targetHelp } from './admission.ts'
import { addChangeOptions, reasonOption } from './change.ts'
import { examples } from './examples.ts'

export function addMaintenance(program: Command, open: OpenSession): void {
  const command = program
    .command('maintenance')
    .argument('<target>', targetHelp)
    .description('takes instances out of routing for work on them')
    .addOption(reasonOption().makeOptionMandatory())
    .option('--for <duration>', 'active again after this time (default: until somebody says so)', periodArgument)
  addChangeOptions(command)
    .addHelpText(
      'after',
      examples(
        "heddle maintenance crm-1a2b3c4d --reason 'schema change' --for 30m",
        "heddle maintenance web-3 --reason 'kernel update' --wait",
      ),
    )
    .action((name: string, options: AdmissionOptions, self: Command) => admit('maintenance', name, options, self, open))
}
