import { readFile } from 'node:fs/promises'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { parseYaml, problemText } from '#shared/config/problem.ts'
import { Failure } from '#shared/failure/failure.ts'
import { countArgument } from '../arguments.ts'
import type { OpenSession } from '../session.ts'
import { showSettings, showSettingsList, showSettingsNodes, showSettingsWritten } from '../show/settings.ts'
import { asOption } from './change.ts'
import { examples } from './examples.ts'

type Writing = { readonly comment?: string; readonly as?: string; readonly ifVersion?: number }

const scopeHelp = 'whose: all, site:<name>, cluster:<name> or node:<id>'

/** The settings that the plane holds for agents. */
export function addSettings(program: Command, open: OpenSession): void {
  const settings = program.command('settings').description('the settings that are held for agents, and their versions')
  addList(settings, open)
  addShow(settings, open)
  addNodes(settings, open)
  addSet(settings, open)
  addRollback(settings, open)
}

function addList(settings: Command, open: OpenSession): void {
  settings
    .command('list')
    .description('for whom settings are held, and in which version')
    .addHelpText('after', examples('heddle settings list'))
    .action(async (_options: object, command: Command) => {
      const session = open(command)
      session.print(await session.plane.settingsList(), showSettingsList)
    })
}

function addShow(settings: Command, open: OpenSession): void {
  settings
    .command('show')
    .argument('<scope>', scopeHelp)
    .description('what is held for them, with its history')
    .option('--version-number <n>', 'an earlier version', countArgument)
    .addHelpText('after', examples('heddle settings show all', 'heddle settings show site:tencent --version-number 3'))
    .action(async (scope: string, { versionNumber }: { readonly versionNumber?: number }, command: Command) => {
      const session = open(command)
      const { plane } = session
      if (versionNumber === undefined) session.print(await plane.settings(scope), showSettings)
      else session.print(await plane.settingsVersion(scope, versionNumber), showSettings)
    })
}

function addNodes(settings: Command, open: OpenSession): void {
  settings
    .command('nodes')
    .argument('<scope>', scopeHelp)
    .description('which agents run what is held for them, and why the others do not')
    .addHelpText('after', examples('heddle settings nodes all'))
    .action(async (scope: string, _options: object, command: Command) => {
      const session = open(command)
      session.print(await session.plane.settingsNodes(scope), showSettingsNodes)
    })
}

function addSet(settings: Command, open: OpenSession): void {
  settings
    .command('set')
    .argument('<scope>', scopeHelp)
    .description('makes a new version of it out of a file, YAML or JSON')
    .requiredOption('--file <path>', 'the whole of what is to be held')
    .addOption(commentOption())
    .addOption(versionOption())
    .addOption(asOption())
    .addHelpText('after', examples("heddle settings set site:tencent --file settings.yaml --comment 'slower checks'"))
    .action(
      async (
        scope: string,
        { file, comment = '', as, ifVersion }: Writing & { readonly file: string },
        command: Command,
      ) => {
        const session = open(command)
        const document = await readDocument(file)
        const change = await session.plane.writeSettings(
          scope,
          { document, comment, by: session.author(as) },
          ifVersion,
        )
        session.print(change, (view) => showSettingsWritten(view, scope))
      },
    )
}

function addRollback(settings: Command, open: OpenSession): void {
  settings
    .command('rollback')
    .argument('<scope>', scopeHelp)
    .description('makes an earlier version the newest again')
    .requiredOption('--to <n>', 'the version', countArgument)
    .addOption(commentOption())
    .addOption(versionOption())
    .addOption(asOption())
    .addHelpText('after', examples("heddle settings rollback all --to 3 --comment 'checks too slow'"))
    .action(
      async (
        scope: string,
        { to, comment = '', as, ifVersion }: Writing & { readonly to: number },
        command: Command,
      ) => {
        const session = open(command)
        const change = await session.plane.rollbackSettings(scope, { to, comment, by: session.author(as) }, ifVersion)
        session.print(change, (view) => showSettingsWritten(view, scope))
      },
    )
}

function versionOption(): Option {
  return new Option('--if-version <n>', 'only if this is the newest version still').argParser((text) =>
    text === '0' ? 0 : countArgument(text),
  )
}

function commentOption(): Option {
  return new Option('--comment <text>', 'why; everybody reads it').argParser((text) => {
    if (text.length > 500) throw new InvalidArgumentError('Expected at most 500 characters.')
    return text
  })
}

/** Throws CONFIG_UNREADABLE or CONFIG_INVALID. */
async function readDocument(file: string): Promise<Record<string, unknown>> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new Failure('CONFIG_UNREADABLE', `cannot read ${file}`, { cause })
  })
  const { value, problems } = parseYaml(text, file)
  if (problems.length > 0) throw new Failure('CONFIG_INVALID', problems.map(problemText).join('\n'))
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value }
  throw new Failure('CONFIG_INVALID', `${file} holds no keys with values`)
}
