import { type Command, InvalidArgumentError, Option } from 'commander'
import { examine } from '../doctor/examine.ts'
import { type CheckName, checkNames } from '../doctor/finding.ts'
import { exitCodes } from '../exit-codes.ts'
import type { OpenSession } from '../session.ts'
import { showExamined } from '../show/doctor.ts'
import { examples } from './examples.ts'

const answerWithinMs = 3_000
const checkWithinMs = 8_000

export function addDoctor(program: Command, open: OpenSession): void {
  const only = new Option('--only <checks>', `only these, with commas: ${checkNames.join(', ')}`).argParser(namesIn)
  program
    .command('doctor')
    .argument('[configs...]', 'configurations of the plane, of agents and of routes that are to run on this host')
    .description(
      'finds what is wrong on this host and on the way to everything that it needs, each with its remedy; changes nothing',
    )
    .addOption(only)
    .addHelpText(
      'after',
      examples(
        'heddle doctor control-plane.yaml agent.yaml',
        'heddle doctor agents/*.yaml --json',
        'heddle doctor --only consul,dns',
        'heddle doctor --plane https://plane.example.com:8888 --ca heddle-ca.pem',
      ),
    )
    .action(async (configs: readonly string[], options: { readonly only?: readonly CheckName[] }, command: Command) => {
      const session = open(command)
      const { now, stop, deadline, plane } = session
      const within = (ms: number) => Math.max(1, Math.min(ms, deadline.leftMs()))
      const found = await examine(configs, {
        ...{ now, stop, plane, only: options.only },
        planeIsNamed:
          command.parent?.getOptionValueSource('plane') === 'cli' || plane.address !== 'http://127.0.0.1:8888',
        answerWithinMs: within(answerWithinMs),
        checkWithinMs: within(checkWithinMs),
      })
      session.print(found, showExamined)
      if (!found.healthy) session.exitWith(exitCodes.failed)
    })
}

function namesIn(text: string): readonly CheckName[] {
  const names = text.split(',').map((name) => name.trim())
  const unknown = names.find((name) => !(checkNames as readonly string[]).includes(name))
  if (unknown !== undefined)
    throw new InvalidArgumentError(`There is no check "${unknown}"; there are ${checkNames.join(', ')}.`)
  return names as readonly CheckName[]
}
