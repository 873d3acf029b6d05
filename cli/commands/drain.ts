import type { Command } from 'commander'
import { periodArgument } from '../arguments.ts'
import type { OpenSession } from '../session.ts'
import { type AdmissionOptions, admit, targetHelp } from './admission.ts'
import { addChangeOptions, reasonOption } from './change.ts'
import { examples } from './examples.ts'

export function addDrain(program: Command, open: OpenSession): void {
  const command = program
    .command('drain')
    .argument('<target>', targetHelp)
    .description('takes instances out of routing, without ending what they do')
    .addOption(reasonOption().makeOptionMandatory())
    .option('--for <duration>', 'active again after this time (default: until somebody says so)', periodArgument)
  addChangeOptions(command)
    .addHelpText(
      'after',
      examples(
        "heddle drain crm-1a2b3c4d --reason 'new version' --wait",
        "heddle drain web-3 --reason 'new disk' --for 2h --as anna",
      ),
    )
    .action((name: string, options: AdmissionOptions, self: Command) => admit('draining', name, options, self, open))
}
