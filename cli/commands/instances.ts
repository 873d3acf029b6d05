import type { Command } from 'commander'
import { findNode } from '../plane/find.ts'
import type { OpenSession } from '../session.ts'
import { showInstances } from '../show/instances.ts'
import { examples } from './examples.ts'

type Options = { readonly service?: string; readonly node?: string }

export function addInstances(program: Command, open: OpenSession): void {
  program
    .command('instances')
    .description('the instances: contact, health, admission, and whether they are routable')
    .option('--service <name>', 'only those of this service')
    .option('--node <node>', 'only those on this node, by id, name or the beginning of its id')
    .addHelpText('after', examples('heddle instances --service crm', 'heddle instances --node web-3 --json'))
    .action(async ({ service, node }: Options, command: Command) => {
      const session = open(command)
      const on = node === undefined ? {} : { node: await findNode(session.plane, node) }
      const of = service === undefined ? {} : { service }
      session.print(await session.plane.instances({ ...of, ...on }), showInstances)
    })
}
