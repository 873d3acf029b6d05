import type { Command } from 'commander'
import { Failure } from '#shared/failure/failure.ts'
import type { InstanceView } from '#shared/protocol/api.ts'
import { exitCodes } from '../exit-codes.ts'
import { askUntil } from '../plane/ask-until.ts'
import { findNode } from '../plane/find.ts'
import type { OpenSession, Session } from '../session.ts'
import { showInstances } from '../show/instances.ts'
import { examples } from './examples.ts'

type Options = { readonly service?: string; readonly node?: string; readonly wait?: true }

export function addInstances(program: Command, open: OpenSession): void {
  program
    .command('instances')
    .description('the instances: contact, health, admission, and whether they are routable')
    .option('--service <name>', 'only those of this service')
    .option('--node <node>', 'only those on this node, by id, name or the beginning of its id')
    .option('--wait', 'until there is one and all of them are routable, at most --timeout')
    .addHelpText(
      'after',
      examples(
        'heddle instances --service crm',
        'heddle instances --node web-3 --json',
        'heddle instances --service crm --wait --timeout 1m || alert "crm did not come up"',
      ),
    )
    .action(async (options: Options, command: Command) => {
      const session = open(command)
      const ask = () => listed(session, options)
      if (!options.wait) return session.print(await ask(), showInstances)
      const asked = await askUntil(ask, areRoutable, session)
      if ('trouble' in asked) throw new Failure('WAIT_TIMED_OUT', 'no plane has answered', { cause: asked.trouble })
      session.print(asked.answer, showInstances)
      if (!asked.enough) session.exitWith(exitCodes.timedOut)
    })
}

async function listed(session: Session, { service, node }: Options): Promise<InstanceView[]> {
  const on = node === undefined ? {} : { node: await findNode(session.plane, node) }
  const of = service === undefined ? {} : { service }
  return session.plane.instances({ ...of, ...on })
}

function areRoutable(instances: readonly InstanceView[]): boolean {
  return instances.length > 0 && instances.every(({ routable }) => routable !== 'no')
}
