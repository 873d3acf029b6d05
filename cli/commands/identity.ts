import { open as openFile } from 'node:fs/promises'
import { type Command, InvalidArgumentError } from 'commander'
import { Failure } from '#shared/failure/failure.ts'
import { isRange } from '#shared/identity/ranges.ts'
import { everything } from '#shared/identity/scope.ts'
import { countArgument, periodArgument } from '../arguments.ts'
import type { OpenSession } from '../session.ts'
import { showAuthorities, showEnrolmentTokens, showIdentities, showIdentity } from '../show/identity.ts'
import { asOption, reasonOption } from './change.ts'
import { examples } from './examples.ts'

type TokenOptions = {
  readonly uses: number
  readonly expires: number
  readonly site?: string
  readonly tenant?: string
  readonly services?: readonly string[]
  readonly ranges?: readonly string[]
  readonly gateways?: readonly string[]
  readonly instances?: number
  readonly out?: string
  readonly as?: string
}

const defaultLifetimeMs = 3_600_000

/** `heddle identity token|tokens|end-token|list|show|approve|revoke|rotate|authorities`. */
export function addIdentity(program: Command, open: OpenSession): void {
  const group = program.command('identity').description('nodes that are known by certificates, and who lets them in')
  addTokens(group, open)
  group
    .command('list')
    .description('the nodes, and who waits to be one')
    .addHelpText('after', examples('heddle identity list'))
    .action(async (_options: object, command: Command) => {
      const session = open(command)
      session.print(await session.plane.identity.list(), showIdentities)
    })
  group
    .command('show')
    .argument('<node>')
    .description('one of them: its key, its certificate, and what it may say')
    .addHelpText('after', examples('heddle identity show n-abcdefghijkl'))
    .action(async (node: string, _options: object, command: Command) => {
      const session = open(command)
      session.print(await session.plane.identity.find(node), showIdentity)
    })
  addDecisions(group, open)
  group
    .command('authorities')
    .description('who signs certificates, and who did and will')
    .addHelpText('after', examples('heddle identity authorities'))
    .action(async (_options: object, command: Command) => {
      const session = open(command)
      session.print(await session.plane.identity.authorities(), showAuthorities)
    })
  group
    .command('rotate')
    .description('makes the next authority; it signs when every node that could come back trusts it')
    .addOption(asOption())
    .addHelpText('after', examples('heddle identity rotate'))
    .action(async ({ as }: { readonly as?: string }, command: Command) => {
      const session = open(command)
      session.print(await session.plane.identity.rotate(session.author(as)), ({ done }) => done)
    })
}

function addTokens(group: Command, open: OpenSession): void {
  group
    .command('token')
    .description('makes a token by which nodes enrol; it is shown this once')
    .option('--uses <n>', 'how many nodes may use it (default: 1)', countArgument, 1)
    .option('--expires <duration>', 'how long it counts (default: 1h)', periodArgument, defaultLifetimeMs)
    .option('--site <name>', 'only for nodes of this site')
    .option('--tenant <name>', 'whose nodes they are')
    .option('--services <patterns>', 'what they may announce, such as crm,basic-* (default: all)', listArgument)
    .option('--ranges <ranges>', 'where that may be, such as 10.0.0.0/8 (default: anywhere)', rangesArgument)
    .option('--gateways <patterns>', 'the gateways that they may run (default: all)', listArgument)
    .option('--instances <n>', 'how many instances each may have (default: 1000)', countArgument)
    .option('--out <file>', 'writes it to this new file, which only you can read, instead of showing it')
    .addOption(asOption())
    .addHelpText(
      'after',
      examples(
        'heddle identity token --uses 3 --expires 24h --out enrolment-token',
        'heddle identity token --services crm --ranges 10.0.4.0/24 --site aliyun',
      ),
    )
    .action(async (options: TokenOptions, command: Command) => {
      const session = open(command)
      const { uses, expires, site, tenant, out } = options
      const grant = {
        services: [...(options.services ?? everything.services)],
        ranges: [...(options.ranges ?? everything.ranges)],
        gateways: [...(options.gateways ?? everything.gateways ?? [])],
        quotas: { ...everything.quotas, ...(options.instances === undefined ? {} : { instances: options.instances }) },
        ...(site === undefined ? {} : { site }),
        ...(tenant === undefined ? {} : { tenant }),
      }
      // Before it is made: a token that cannot be written down would be lost.
      await using file = out === undefined ? undefined : await newFile(out)
      const by = session.author(options.as)
      const made = await session.plane.identity.make({ uses, lifetime_ms: expires, grant, by })
      if (!file) return session.print(made, ({ token }) => token)
      await file.writeFile(`${made.token}\n`)
      await file.sync()
      const { token: _, ...about } = made
      session.print(about, ({ id, expires_at: end }) => `${out} holds the token ${id}, which counts until ${end}.`)
    })
  group
    .command('tokens')
    .description('the enrolment tokens, newest first, without their secrets')
    .addHelpText('after', examples('heddle identity tokens'))
    .action(async (_options: object, command: Command) => {
      const session = open(command)
      session.print(await session.plane.identity.tokens(), showEnrolmentTokens)
    })
  group
    .command('end-token')
    .argument('<id>', 'as `heddle identity tokens` shows it')
    .description('nobody can use it any more; nodes that it has let in stay')
    .addOption(asOption())
    .addHelpText('after', examples('heddle identity end-token abcdefghij'))
    .action(async (id: string, { as }: { readonly as?: string }, command: Command) => {
      const session = open(command)
      session.print(await session.plane.identity.end(id, session.author(as)), ({ done }) => done)
    })
}

type ApproveOptions = {
  readonly key?: string
  readonly allBefore?: true
  readonly reason?: string
  readonly as?: string
}
type RevokeOptions = { readonly reason: string; readonly serial?: string; readonly as?: string }

function addDecisions(group: Command, open: OpenSession): void {
  group
    .command('approve')
    .argument('[node]')
    .description('lets in who waits to be a node; who was it before is revoked')
    .option('--key <key>', 'the one that `heddle identity show` showed; refused if another waits now')
    .option('--all-before', 'instead: lets certificates be renewed that are held since a backup was restored')
    .addOption(reasonOption())
    .addOption(asOption())
    .addHelpText(
      'after',
      examples(
        'heddle identity approve n-abcdefghijkl',
        "heddle identity approve --all-before --reason 'looked through'",
      ),
    )
    .action(async (node: string | undefined, options: ApproveOptions, command: Command) => {
      const { key, allBefore, reason, as } = options
      if ((node === undefined) !== (allBefore === true)) {
        throw new Failure('ARGUMENT_INVALID', 'name a node, or give --all-before')
      }
      const session = open(command)
      const { identity } = session.plane
      const by = session.author(as)
      if (node === undefined) {
        const released = await identity.release({ reason: reason ?? 'looked through', by })
        return session.print(released, ({ done }) => done)
      }
      const waiting = key ?? (await identity.find(node)).waiting?.key
      if (waiting === undefined) throw new Failure('NOT_FOUND', `nobody waits to be ${node}`)
      session.print(await identity.approve(node, { key: waiting, by }), showIdentity)
    })
  group
    .command('revoke')
    .argument('<node>')
    .description('ends all certificates of a node, with its sessions and streams')
    .option('--serial <serial>', 'that certificate alone; the node goes on with others')
    .addOption(reasonOption().makeOptionMandatory())
    .addOption(asOption())
    .addHelpText('after', examples("heddle identity revoke n-abcdefghijkl --reason 'disk was stolen'"))
    .action(async (node: string, { reason, serial, as }: RevokeOptions, command: Command) => {
      const session = open(command)
      const body = { reason, by: session.author(as), ...(serial === undefined ? {} : { serial }) }
      session.print(await session.plane.identity.revoke(node, body), showIdentity)
    })
}

function listArgument(text: string): readonly string[] {
  const parts = text.split(',').map((each) => each.trim())
  if (parts.some((each) => each === '')) throw new InvalidArgumentError('Expected parts with commas between them.')
  return parts
}

function rangesArgument(text: string): readonly string[] {
  const ranges = listArgument(text)
  const wrong = ranges.filter((each) => !isRange(each))
  if (wrong.length > 0) throw new InvalidArgumentError(`Expected ranges such as 10.0.0.0/8, not ${wrong.join(', ')}.`)
  return ranges
}

async function newFile(path: string) {
  try {
    return await openFile(path, 'wx', 0o600)
  } catch (cause) {
    const remedy = 'Name a file that is not there yet.'
    throw new Failure('ARGUMENT_INVALID', `${path} cannot be made`, { cause, remedy })
  }
}
