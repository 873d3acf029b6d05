import type { Command } from 'commander'
import type { Admission } from '#shared/protocol/messages.ts'
import { periodArgument } from '../arguments.ts'
import type { OpenSession } from '../session.ts'
import { type AdmissionOptions, admit, targetHelp } from './admission.ts'
import { addChangeOptions, reasonOption } from './change.ts'
import { examples as examplesText } from './examples.ts'

export type TakingOut = {
  readonly name: string
  readonly admission: Admission
  readonly description: string
  readonly examples: readonly string[]
}

/** A command that takes an instance, or a node with all that is on it, out of routing: with a reason, and for a while or until undrained. */
export function addTakingOut(
  program: Command,
  open: OpenSession,
  { name, admission, description, examples }: TakingOut,
): void {
  const command = program
    .command(name)
    .argument('<target>', targetHelp)
    .description(description)
    .addOption(reasonOption().makeOptionMandatory())
    .option('--for <duration>', 'active again after this time (default: until somebody says so)', periodArgument)
  addChangeOptions(command)
    .addHelpText('after', examplesText(...examples))
    .action((target: string, options: AdmissionOptions, self: Command) => admit(admission, target, options, self, open))
}
