import { type Command, Option } from 'commander'
import { type Role, roles } from '#shared/access/permissions.ts'
import { periodArgument } from '../arguments.ts'
import { intoNewFile } from '../secret-file.ts'
import type { OpenSession } from '../session.ts'
import { showEnded, showLink, showSessions, showUser, showUsers } from '../show/users.ts'
import { reasonOption } from './change.ts'
import { examples } from './examples.ts'

type Reason = { readonly reason: string }
type InviteOptions = Reason & { readonly expires?: number; readonly out?: string }

/** `heddle user list|create|invite|role|suspend|resume|sessions|end-session`. */
export function addUser(program: Command, open: OpenSession): void {
  const user = program.command('user').description('people who may sign in, and where they have')
  const reason = () => reasonOption().makeOptionMandatory()

  user
    .command('list')
    .description('everybody who may sign in, or could')
    .addHelpText('after', examples('heddle user list'))
    .action(async (_options: object, command: Command) => {
      const session = open(command)
      session.print(await session.plane.people.users(), showUsers)
    })
  user
    .command('create')
    .argument('<name>')
    .description('makes somebody, who signs in by a link of `heddle user invite`')
    .addOption(new Option('--role <role>', 'what he may do').choices(roles).makeOptionMandatory())
    .option('--email <address>')
    .addOption(reason())
    .addHelpText('after', examples("heddle user create anna --role operator --reason 'is on call'"))
    .action(async (username: string, options: Reason & { role: Role; email?: string }, command: Command) => {
      const session = open(command)
      session.print(await session.plane.people.create({ username, ...options }), showUser)
    })
  user
    .command('invite')
    .argument('<user>', 'as `heddle user list` shows it')
    .description('makes a link by which somebody signs in once, in place of the one before')
    .addOption(new Option('--expires <duration>', 'how long it counts (default: a day)').argParser(periodArgument))
    .option('--out <file>', 'writes it to this new file, which only you can read, instead of showing it')
    .addOption(reason())
    .addHelpText('after', examples("heddle user invite anna --reason 'has a new laptop'"))
    .action(async (id: string, { reason, expires, out }: InviteOptions, command: Command) => {
      const session = open(command)
      const body = { reason, ...(expires === undefined ? {} : { expires_in_ms: expires }) }
      const make = () => session.plane.people.invite(id, body)
      if (out === undefined) return session.print(await make(), (view, style) => showLink(view, style))
      const { link: _, ...about } = await intoNewFile(out, make, ({ link }) => link)
      session.print(about, (view, style) => showLink(view, style, out))
    })
  user
    .command('role')
    .argument('<user>')
    .addArgument(program.createArgument('<role>', 'what he may do from now on').choices(roles))
    .description('gives somebody another role; he signs in anew')
    .addOption(reason())
    .addHelpText('after', examples("heddle user role anna admin --reason 'takes over'"))
    .action(async (id: string, role: Role, { reason }: Reason, command: Command) => {
      const session = open(command)
      session.print(await session.plane.people.role(id, { role, reason }), showUser)
    })
  for (const [name, description] of [
    ['suspend', 'lets somebody in no more, and signs him out everywhere'],
    ['resume', 'lets somebody in again who was suspended'],
  ] as const) {
    user
      .command(name)
      .argument('<user>')
      .description(description)
      .addOption(reason())
      .addHelpText('after', examples(`heddle user ${name} anna --reason '...'`))
      .action(async (id: string, { reason }: Reason, command: Command) => {
        const session = open(command)
        session.print(await session.plane.people[name](id, { reason }), showUser)
      })
  }
  user
    .command('sessions')
    .description('the browsers in which people are signed in, newest first')
    .addHelpText('after', examples('heddle user sessions'))
    .action(async (_options: object, command: Command) => {
      const session = open(command)
      session.print(await session.plane.people.sessions(), showSessions)
    })
  user
    .command('end-session')
    .argument('<id>', 'as `heddle user sessions` shows it')
    .description('signs somebody out of one browser')
    .addOption(reason())
    .addHelpText('after', examples("heddle user end-session abcdefghij --reason 'left at a desk'"))
    .action(async (id: string, { reason }: Reason, command: Command) => {
      const session = open(command)
      session.print(await session.plane.people.endSession(id, { reason }), showEnded)
    })
}
