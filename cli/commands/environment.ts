import { randomUUID } from 'node:crypto'
import { type Command, InvalidArgumentError, Option } from 'commander'
import type { EnvironmentRequest } from '#shared/protocol/environment-api.ts'
import { countArgument, periodArgument } from '../arguments.ts'
import type { OpenSession } from '../session.ts'
import { showEnvironment, showEnvironments } from '../show/environments.ts'
import { asOption, reasonOption } from './change.ts'
import { examples } from './examples.ts'

type CreateOptions = {
  readonly email?: string
  readonly tenant?: string
  readonly units?: number
  readonly site?: string
  readonly cluster?: string
  readonly label?: Readonly<Record<string, string>>
  readonly spread: EnvironmentRequest['spread']
  readonly expires?: number
  readonly key?: string
  readonly reason: string
  readonly as?: string
}
type ListOptions = { readonly tenant?: string; readonly state?: string }

const states = ['creating', 'ready', 'undoing', 'failed', 'releasing', 'released']

/** `heddle environment create|list|show|release`. */
export function addEnvironment(program: Command, open: OpenSession): void {
  const environment = program
    .command('environment')
    .description("users' environments: a user in Zervi and a Basic Server")
  addCreate(environment, open)
  environment
    .command('list')
    .description('environments, newest first')
    .option('--tenant <name>', 'of this one')
    .addOption(new Option('--state <state>', 'in this state').choices(states))
    .addHelpText('after', examples('heddle environment list --state ready'))
    .action(async ({ tenant, state }: ListOptions, command: Command) => {
      const session = open(command)
      session.print(await session.plane.environments.list({ tenant, state }), showEnvironments)
    })
  environment
    .command('show')
    .argument('<id>', 'as `heddle environment list` shows it')
    .description('one environment, and how far making or releasing it is')
    .addHelpText('after', examples('heddle environment show e-4f1c0a9b2d3e4f5a6b7c'))
    .action(async (id: string, _options: object, command: Command) => {
      const session = open(command)
      session.print(await session.plane.environments.show(id), showEnvironment)
    })
  environment
    .command('release')
    .argument('<id>', 'as `heddle environment list` shows it')
    .description('takes its permissions, its user and its part of the Basic Server back')
    .addOption(reasonOption().makeOptionMandatory())
    .addHelpText('after', examples("heddle environment release e-4f1c0a9b2d3e4f5a6b7c --reason 'anna has left'"))
    .action(async (id: string, { reason }: { readonly reason: string }, command: Command) => {
      const session = open(command)
      session.print(await session.plane.environments.release(id, { reason }), showEnvironment)
    })
}

function addCreate(environment: Command, open: OpenSession): void {
  environment
    .command('create')
    .argument('<user>', 'the name of the user')
    .description('makes an environment: all of it or nothing')
    .option('--email <address>', "the user's address")
    .option('--tenant <name>', 'whose it is')
    .option('--units <number>', 'how much of the capacity of a Basic Server it takes (default: 1)', countArgument)
    .option('--site <site>', 'only a Basic Server there')
    .option('--cluster <cluster>', 'only a Basic Server of this one')
    .option('--label <name=value>', 'only one whose metadata says so; may be repeated', labelArgument)
    .addOption(
      new Option('--spread <over>', 'over what those of one tenant are spread first')
        .choices(['site', 'machine', 'none'])
        .default('site'),
    )
    .addOption(new Option('--expires <duration>', 'how long it lasts').argParser(periodArgument))
    .option('--key <key>', 'repeated with the same key it makes one (default: a new one)')
    .addOption(reasonOption().makeOptionMandatory())
    .addOption(asOption())
    .addHelpText(
      'after',
      examples("heddle environment create anna --site tencent --units 2 --expires 720h --reason 'trial of anna'"),
    )
    .action(async (name: string, options: CreateOptions, command: Command) => {
      const session = open(command)
      const { email, tenant, units = 1, site, cluster, label = {}, spread, expires, key, reason } = options
      const made = await session.plane.environments.create(
        {
          user: { name, ...(email === undefined ? {} : { email }) },
          ...(tenant === undefined ? {} : { tenant }),
          ...(site === undefined ? {} : { site }),
          ...(cluster === undefined ? {} : { cluster }),
          ...(expires === undefined ? {} : { expires_in_ms: expires }),
          ...{ units, labels: { ...label }, spread, reason, by: session.author(options.as) },
        },
        key ?? randomUUID(),
      )
      session.print(made, showEnvironment)
    })
}

function labelArgument(text: string, before: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> {
  const at = text.indexOf('=')
  if (at < 1) throw new InvalidArgumentError('Expected name=value.')
  return { ...before, [text.slice(0, at)]: text.slice(at + 1) }
}
