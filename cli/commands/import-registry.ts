import { closeSync, openSync, writeSync } from 'node:fs'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { Failure } from '#shared/failure/failure.ts'
import { type ImportedTable, importedTables } from '#shared/protocol/registry-import.ts'
import { exitCodes } from '../exit-codes.ts'
import type { Dialect } from '../import/registry/sql-rows.ts'
import { sendImport } from '../plane/import.ts'
import type { OpenSession, Session } from '../session.ts'
import { showRegistryImport } from '../show/import-registry.ts'
import { asOption } from './change.ts'
import { examples } from './examples.ts'

type Options = {
  readonly dryRun?: boolean
  readonly overwrite?: boolean
  readonly table?: ImportedTable
  readonly dialect?: Dialect
  readonly timeZone: number
  readonly report?: string
  readonly as?: string
}

const withinMs = 60_000
const toldEveryMs = 500

/** `heddle import registry`: the rows of a former registry become what they are here. */
export function addImportRegistry(group: Command, open: OpenSession): void {
  group
    .command('registry')
    .argument('<file>', "JSON (an export of tables, or a list of the former registry's API), or a dump in SQL")
    .description('takes over what a former registry held, and says of each row that was not taken why')
    .option('--dry-run', 'say what would happen, and change nothing', false)
    .option('--overwrite', 'replace what is there and differs, where that can be done safely', false)
    .addOption(new Option('--table <table>', 'what a list without a name holds').choices([...importedTables]))
    .addOption(
      new Option('--dialect <dialect>', 'who wrote the dump, where it does not say so').choices([
        'mysql',
        'postgresql',
      ]),
    )
    .option('--time-zone <offset>', 'of times without a zone, such as +08:00', zoneArgument, 0)
    .option('--report <file>', 'write each row that is not taken to this new file, a line of JSON each')
    .addOption(asOption())
    .addHelpText(
      'after',
      examples(
        'heddle import registry registry.sql --dry-run',
        'heddle import registry registry.sql --time-zone +08:00 --report refused.jsonl',
        'heddle import registry services.json --overwrite',
      ),
    )
    .action(async (file: string, options: Options, command: Command) => {
      const session = open(command)
      const { dryRun = false, overwrite = false, table, dialect, timeZone: zoneMinutes, report } = options
      const by = session.author(options.as)
      const { address, credentials } = session.plane
      const sending = { address, credentials, withinMs, stop: stopOf(session) }
      const { importRegistry } = await import('../import/registry/import-registry.ts')
      using lines = report === undefined ? undefined : new ReportFile(report)
      const onProgress = progress(session)
      const imported = await importRegistry({
        ...{ file, dialect, table, zoneMinutes, dryRun, overwrite },
        send: (of, rows, nodes) =>
          sendImport(sending, { table: of, rows: [...rows], nodes, by, dry_run: dryRun, overwrite }),
        onNotTaken: (row) => lines?.write(JSON.stringify(row)),
        onProgress,
        stop: sending.stop,
      }).finally(() => onProgress('end'))
      session.print(imported, showRegistryImport)
      if (imported.tables.some(({ kept, refused }) => kept + refused > 0)) session.exitWith(exitCodes.failed)
    })
}

function stopOf({ stop, timeoutMs, deadline }: Session): AbortSignal {
  // It takes as long as the file is, unless somebody says how long it may take.
  return timeoutMs === undefined ? stop : AbortSignal.any([stop, AbortSignal.timeout(Math.ceil(deadline.leftMs()))])
}

/** Shows on a terminal how far it is. */
function progress({ errIsTerminal, json, writeErr, now }: Session): (rows: number | 'end') => void {
  let told = 0
  return (rows) => {
    if (!errIsTerminal || json) return
    if (rows === 'end') {
      if (told > 0) writeErr('\r\x1b[K')
      return
    }
    if (now() - told < toldEveryMs) return
    told = now()
    writeErr(`\r${rows} rows `)
  }
}

/** Lines that stay even if what follows fails. */
class ReportFile implements Disposable {
  readonly #file: number

  constructor(path: string) {
    try {
      this.#file = openSync(path, 'wx', 0o600)
    } catch (cause) {
      throw new Failure('ARGUMENT_INVALID', `cannot make ${path}`, { cause, remedy: 'Name a new file for --report.' })
    }
  }

  write(line: string): void {
    writeSync(this.#file, `${line}\n`)
  }

  [Symbol.dispose](): void {
    closeSync(this.#file)
  }
}

/** Minutes ahead of UTC. */
function zoneArgument(value: string): number {
  const [, sign, hours = '', minutes = '00'] = /^([+-])(\d{2}):?([0-5]\d)?$/.exec(value) ?? []
  if (value === 'Z' || value === 'UTC') return 0
  if (sign === undefined || Number(hours) > 14) throw new InvalidArgumentError('expected an offset such as +08:00')
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes))
}
