import { type Command, InvalidArgumentError, Option } from 'commander'
import { type Permission, permissions, type Role, roles } from '#shared/access/permissions.ts'
import { Failure } from '#shared/failure/failure.ts'
import { periodArgument } from '../arguments.ts'
import { intoNewFile } from '../secret-file.ts'
import type { OpenSession } from '../session.ts'
import { showMade, showRevoked, showTokens, showWho } from '../show/tokens.ts'
import { reasonOption } from './change.ts'
import { examples } from './examples.ts'

type CreateOptions = {
  readonly role?: Role
  readonly permission?: readonly Permission[]
  readonly tenant?: string
  readonly expires?: number
  readonly reason: string
  readonly out?: string
}

/** `heddle token create|list|revoke|who`. */
export function addToken(program: Command, open: OpenSession): void {
  const token = program.command('token').description('tokens by which callers of the API are known')
  token
    .command('create')
    .argument('<name>', 'for people: whose it is, or what for')
    .description('makes a token; it is shown this once')
    .addOption(new Option('--role <role>', 'what it may do').choices(roles))
    .addOption(new Option('--permission <list>', 'instead of a role: just these').argParser(permissionsArgument))
    .option('--tenant <name>', 'only what belongs to this one')
    .addOption(
      new Option('--expires <duration>', 'how long it counts (default: as the plane says)').argParser(periodArgument),
    )
    .option('--out <file>', 'writes it to this new file, which only you can read, instead of showing it')
    .addOption(reasonOption().makeOptionMandatory())
    .addHelpText(
      'after',
      examples(
        "heddle token create anna --role admin --out ~/.heddle-token --reason 'first admin'",
        "heddle token create crm --permission registry:read,registry:write --expires 720h --reason 'registers crm'",
      ),
    )
    .action(async (name: string, options: CreateOptions, command: Command) => {
      const { role, permission, tenant, expires, reason, out } = options
      if ((role === undefined) === (permission === undefined)) {
        throw new Failure('ARGUMENT_INVALID', 'give either --role or --permission')
      }
      const session = open(command)
      const make = () =>
        session.plane.access.make({
          name,
          reason,
          ...(role === undefined ? {} : { role }),
          ...(permission === undefined ? {} : { permissions: [...permission] }),
          ...(tenant === undefined ? {} : { tenant }),
          ...(expires === undefined ? {} : { expires_in_ms: expires }),
        })
      if (out === undefined) return session.print(await make(), (view, style) => showMade(view, style))
      const { token: _, ...about } = await intoNewFile(out, make, ({ token }) => token)
      session.print(about, (view, style) => showMade(view, style, out))
    })
  token
    .command('list')
    .description('the tokens, newest first, without their secrets')
    .addHelpText('after', examples('heddle token list'))
    .action(async (_options: object, command: Command) => {
      const session = open(command)
      session.print(await session.plane.access.tokens(), showTokens)
    })
  token
    .command('revoke')
    .argument('<id>', 'as `heddle token list` shows it')
    .description('ends a token')
    .addOption(reasonOption().makeOptionMandatory())
    .addHelpText('after', examples("heddle token revoke abcdefghij --reason 'anna has left'"))
    .action(async (id: string, { reason }: { readonly reason: string }, command: Command) => {
      const session = open(command)
      session.print(await session.plane.access.revoke(id, { reason }), showRevoked)
    })
  token
    .command('who')
    .description('who you are to the control plane, and what you may do')
    .addHelpText('after', examples('heddle token who'))
    .action(async (_options: object, command: Command) => {
      const session = open(command)
      session.print(await session.plane.access.who(), showWho)
    })
}

function permissionsArgument(text: string): readonly Permission[] {
  const names = text.split(',').map((name) => name.trim())
  const unknown = names.filter((name) => !permissions.some((permission) => permission === name))
  if (unknown.length > 0) {
    throw new InvalidArgumentError(`Unknown: ${unknown.join(', ')}. There are ${permissions.join(', ')}.`)
  }
  return names as readonly Permission[]
}
