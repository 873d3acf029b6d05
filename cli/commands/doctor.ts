import type { Command } from 'commander'
import { examine } from '../doctor/examine.ts'
import { exitCodes } from '../exit-codes.ts'
import type { OpenSession } from '../session.ts'
import { showExamined } from '../show/doctor.ts'
import { examples } from './examples.ts'

const answerWithinMs = 3_000

export function addDoctor(program: Command, open: OpenSession): void {
  program
    .command('doctor')
    .argument('[configs...]', 'configurations of the plane, of agents and of routes that are to run on this host')
    .description('finds what would go wrong on this host before anything is started, first of all ports that two claim')
    .addHelpText('after', examples('heddle doctor control-plane.yaml agent.yaml', 'heddle doctor agents/*.yaml --json'))
    .action(async (configs: readonly string[], _options: object, command: Command) => {
      const session = open(command)
      const { now, stop, deadline } = session
      const found = await examine(configs, {
        now,
        stop,
        answerWithinMs: Math.max(1, Math.min(answerWithinMs, deadline.leftMs())),
      })
      session.print(found, showExamined)
      if (!found.healthy) session.exitWith(exitCodes.failed)
    })
}
