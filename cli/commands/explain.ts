import type { Command } from 'commander'
import { Failure } from '#shared/failure/failure.ts'
import { exitCodes } from '../exit-codes.ts'
import { findInstance } from '../plane/find.ts'
import type { Plane } from '../plane/plane.ts'
import type { OpenSession } from '../session.ts'
import { showExplain } from '../show/explain.ts'
import { examples } from './examples.ts'

export function addExplain(program: Command, open: OpenSession): void {
  program
    .command('explain')
    .argument(
      '<instance>',
      'its id, its name or the beginning of its id; of what others registered <datacenter>/<node>/<service id>',
    )
    .description('why an instance is routed or not, stage by stage and sink by sink')
    .addHelpText('after', examples('heddle explain crm-1a2b3c4d'))
    .action(async (name: string, _options: object, command: Command) => {
      const session = open(command)
      const view = await session.plane.explain(await idOf(session.plane, name))
      session.print(view, showExplain)
      if (!view.known) session.exitWith(exitCodes.notFound)
    })
}

/**
 * A name that fits nothing is asked for as it is: sinks may still show what the fleet no longer knows, and what others have registered
 * in a Consul is called `<datacenter>/<node>/<service id>`.
 */
async function idOf(plane: Plane, name: string): Promise<string> {
  try {
    return await findInstance(plane, name)
  } catch (error) {
    if (
      error instanceof Failure &&
      error.code === 'NOT_FOUND' &&
      /^[A-Za-z0-9._:@-]+$|^[^/]+\/[^/]+\/[^/]+$/u.test(name)
    )
      return name
    throw error
  }
}
