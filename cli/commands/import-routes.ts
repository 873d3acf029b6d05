import { type Command, InvalidArgumentError, Option } from 'commander'
import { exitCodes } from '../exit-codes.ts'
import type { Imported } from '../import/import-config.ts'
import type { OpenSession } from '../session.ts'
import { showImport } from '../show/import.ts'
import { examples } from './examples.ts'

type Options = {
  readonly out?: string
  readonly force?: boolean
  readonly gateway: string
  readonly proxy: 'envoy' | 'nginx'
  readonly service: ReadonlyMap<string, string>
}
type TableOptions = Options & {
  readonly port: number
  readonly authenticator?: { readonly name: string; readonly service: string; readonly path: string }
  readonly adminPermission?: string
}

/** `heddle import nginx` and `heddle import routes`: routes of another form become a declaration. */
export function addImportRoutes(group: Command, open: OpenSession): void {
  withWhere(group.command('nginx'))
    .argument('<folder>', 'the configuration folder, with its nginx.conf (or that file)')
    .description('makes a declaration of an Nginx configuration, and lists what could not be carried over')
    .addHelpText(
      'after',
      examples(
        'heddle import nginx /etc/nginx',
        'heddle import nginx ./nginx --service backend=user-service --out ./heddle',
      ),
    )
    .action(async (folder: string, options: Options, command: Command) => {
      const { importNginx } = await import('../import/nginx/import-nginx.ts')
      finish(await importNginx(folder, { ...common(options) }), command, open)
    })
  withWhere(group.command('routes'))
    .argument('<table>', 'a list of routes in YAML or JSON: name, path, service, strip_prefix, auth, admin_auth, cors')
    .description('makes a declaration of a table of routes')
    .option('--port <port>', 'where the gateway listens', portOf, 8080)
    .option('--authenticator <name=service/path>', 'who checks tokens where a route asks for them', authenticatorOf)
    .option(
      '--admin-permission <permission>',
      'what a token must allow where a route asks for an administrator',
      permissionOf,
    )
    .addHelpText(
      'after',
      examples(
        'heddle import routes routes.json --authenticator zervi=zervi-auth/api/v1/auth/verify --admin-permission cluster:manage',
      ),
    )
    .action(async (file: string, options: TableOptions, command: Command) => {
      const { importTable } = await import('../import/routes/import-table.ts')
      const { port, authenticator, adminPermission } = options
      finish(await importTable(file, { ...common(options), port, authenticator, adminPermission }), command, open)
    })
}

function withWhere(command: Command): Command {
  return command
    .option('--out <folder>', 'where to write; without it only shows what would be written')
    .option('--force', 'replace files that are there already', false)
    .option('--gateway <name>', 'what the gateway is called', nameOf, 'edge')
    .addOption(new Option('--proxy <proxy>', 'what the gateway is').choices(['envoy', 'nginx']).default('nginx'))
    .option(
      '--service <upstream=name>',
      'which service stands behind an upstream; may be given several times',
      mapped,
      new Map(),
    )
}

function common({ out, force = false, gateway, proxy, service }: Options) {
  return { out, force, gateway, proxy, services: service }
}

function finish(imported: Imported, command: Command, open: OpenSession): void {
  const session = open(command)
  session.print(imported, showImport)
  if (imported.contradictions.length > 0 || imported.problems.length > 0) session.exitWith(exitCodes.failed)
}

function mapped(value: string, all: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const [, upstream, name] = /^([^=]+)=([^*\p{Cc}]{1,100})$/u.exec(value) ?? []
  if (upstream === undefined || name === undefined || name.startsWith('heddle-')) {
    throw new InvalidArgumentError('expected <upstream>=<service>')
  }
  return new Map([...all, [upstream, name]])
}

function nameOf(value: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,50}$/.test(value)) return value
  throw new InvalidArgumentError('expected letters, digits, ".", "_" or "-"')
}

function portOf(value: string): number {
  const port = Number(value)
  if (Number.isInteger(port) && port >= 1 && port <= 65_535) return port
  throw new InvalidArgumentError('expected a port from 1 to 65535')
}

function authenticatorOf(value: string) {
  const [, name, service, path] =
    /^([A-Za-z0-9][A-Za-z0-9._-]{0,62})=([^/*\p{Cc}]{1,100})((?:\/[A-Za-z0-9._~-]+)+)$/u.exec(value) ?? []
  if (
    name === undefined ||
    name === 'open' ||
    service === undefined ||
    service.startsWith('heddle-') ||
    path === undefined
  ) {
    throw new InvalidArgumentError('expected <name>=<service>/<path>')
  }
  return { name, service, path }
}

function permissionOf(value: string): string {
  if (/^[A-Za-z0-9:._/-]{1,100}$/.test(value)) return value
  throw new InvalidArgumentError('expected a permission such as "cluster:manage"')
}
