import type { Command } from 'commander'
import { exitCodes } from '../exit-codes.ts'
import { findNode } from '../plane/find.ts'
import type { OpenSession } from '../session.ts'
import { showDiscovered } from '../show/discovered.ts'
import { examples } from './examples.ts'

type Options = { readonly all?: boolean; readonly node?: string; readonly check?: boolean }

export function addDiscovered(program: Command, open: OpenSession): void {
  program
    .command('discovered')
    .description('what agents found on their hosts that nobody declared and that waits for a decision')
    .option('--all', 'those too that are adopted or ignored')
    .option('--node <node>', 'only on this node, by id, name or the beginning of its id')
    .option('--check', 'exit with 1 if anything waits for a decision, or two claim one port')
    .addHelpText('after', examples('heddle discovered', 'heddle discovered --all --node web-3 --json'))
    .action(async ({ all = false, node, check = false }: Options, command: Command) => {
      const session = open(command)
      const on = node === undefined ? undefined : await findNode(session.plane, node)
      const { found, conflicts, left } = await session.plane.discovered()
      const here = <T extends { readonly node: string }>(each: T) => on === undefined || each.node === on
      const shown = found.filter((each) => here(each) && (all || each.state === 'asking'))
      const view = { found: shown, conflicts: conflicts.filter(here), left }
      session.print(view, showDiscovered)
      const waits = shown.some(({ state }) => state === 'asking') || view.conflicts.length > 0
      if (check && waits) session.exitWith(exitCodes.failed)
    })
}
