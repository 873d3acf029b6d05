import type { Command } from 'commander'
import { findNode } from '../plane/find.ts'
import type { OpenSession } from '../session.ts'
import { showTenants } from '../show/environments.ts'
import { asOption, reasonOption } from './change.ts'
import { nodeHelp } from './desired.ts'
import { examples } from './examples.ts'

type Options = { readonly reason: string; readonly as?: string }

/** `heddle tenant list|assign`. */
export function addTenant(program: Command, open: OpenSession): void {
  const tenant = program.command('tenant').description('whose nodes, instances and environments are')
  tenant
    .command('list')
    .description('what each tenant has, and what it may have')
    .addHelpText('after', examples('heddle tenant list'))
    .action(async (_options: object, command: Command) => {
      const session = open(command)
      session.print(await session.plane.environments.tenants(), showTenants)
    })
  tenant
    .command('assign')
    .argument('<node>', nodeHelp)
    .argument('<tenant>', "whose it is from now on; - for nobody's")
    .description('says whose a node is that has no certificate that says it')
    .addOption(reasonOption().makeOptionMandatory())
    .addOption(asOption())
    .addHelpText('after', examples("heddle tenant assign web-3 acme --reason 'bought by acme'"))
    .action(async (name: string, whose: string, options: Options, command: Command) => {
      const session = open(command)
      const node = await findNode(session.plane, name)
      const { reason } = options
      const body = { tenant: whose === '-' ? null : whose, reason, by: session.author(options.as) }
      const change = await session.plane.environments.assign(node, body)
      const said = whose === '-' ? "nobody's" : `of the tenant ${whose}`
      session.print(change, ({ changed }) =>
        changed ? `${node} is ${said} from now on.` : `${node} was ${said} before.`,
      )
    })
}
