import type { Command } from 'commander'
import { Failure } from '#shared/failure/failure.ts'
import { momentOf, type Since, sinceArgument } from '../arguments.ts'
import { exitCodes } from '../exit-codes.ts'
import type { Plane } from '../plane/plane.ts'
import type { OpenSession } from '../session.ts'
import { showStatus } from '../show/status.ts'
import { printable } from '../show/text.ts'
import { troubles } from '../troubles.ts'
import { examples } from './examples.ts'

export function addStatus(program: Command, open: OpenSession): void {
  program
    .command('status')
    .description('what the fleet is, and what each sink has proven')
    .option('--check', 'exit with 1 if a sink is behind or blocked, contact is lost, or a problem waits for a person')
    .addHelpText('after', examples('heddle status', 'heddle status --check || alert "the fleet needs a look"'))
    .option(
      '--at <moment>',
      'as it was: a time ago (10m), a time (ISO 8601) or a revision, from the journal',
      sinceArgument,
    )
    .action(async ({ check = false, at }: { readonly check?: boolean; readonly at?: Since }, command: Command) => {
      const session = open(command)
      if (at) return session.print(await session.plane.status(undefined, momentOf(at, session.now())), showStatus)
      const status = await session.plane.status()
      const waiting = session.json || check ? 0 : await waitingFound(session.plane)
      session.print(status, (view, style) => showStatus(view, style, waiting))
      const found = check ? troubles(status) : []
      for (const trouble of found) session.note(`check: ${printable(trouble)}`)
      if (found.length > 0) session.exitWith(exitCodes.failed)
    })
}

/** How much of what agents found waits for a decision; none where that cannot be read, since the status stands without it. */
async function waitingFound(plane: Plane): Promise<number> {
  try {
    const { found } = await plane.discovered()
    return found.filter(({ state }) => state === 'asking').length
  } catch (error) {
    if (error instanceof Failure) return 0
    throw error
  }
}
