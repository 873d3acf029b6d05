import type { Command } from 'commander'
import type { OpenSession } from '../session.ts'
import { type AdmissionOptions, admit, targetHelp } from './admission.ts'
import { addChangeOptions, reasonOption } from './change.ts'
import { examples } from './examples.ts'

export function addUndrain(program: Command, open: OpenSession): void {
  const command = program
    .command('undrain')
    .argument('<target>', targetHelp)
    .description('ends drain and maintenance of an instance, or of a node: active again')
    .addOption(reasonOption())
  addChangeOptions(command)
    .addHelpText('after', examples('heddle undrain crm-1a2b3c4d --wait', 'heddle undrain web-3'))
    .action((name: string, options: AdmissionOptions, self: Command) => admit('active', name, options, self, open))
}
