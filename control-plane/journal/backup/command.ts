import { createLogger } from '#shared/logging/logger.ts'
import type { StoreSettings } from '../open-store.ts'
import { makeBackup } from './make-backup.ts'
import { openBackup } from './open-backup.ts'
import type { RestoreProgress } from './restore.ts'
import { restoreStore } from './restore-store.ts'

type Load = (file: string) => Promise<{ readonly journal: StoreSettings; readonly mirror: { readonly owner: string } }>

export type CommandParts = {
  readonly load: Load
  /** The version of this program. */
  readonly version: string
  readonly out?: (text: string) => unknown
}

const standardOut = (text: string) => process.stdout.write(text)

/** The command `backup <config.yaml> <file> [--no-metrics]` of the plane's program; the plane itself may run or not. */
export function backupCommand({ load, version, out = standardOut }: CommandParts) {
  return async (args: readonly string[]): Promise<number> => {
    const [config, file, option] = args
    if (
      config === undefined ||
      file === undefined ||
      args.length > 3 ||
      (option ?? '--no-metrics') !== '--no-metrics'
    ) {
      out('Usage: heddle-plane backup <config.yaml> <file> [--no-metrics]\n')
      return 2
    }
    const { journal, mirror } = await load(config)
    const wish = { owner: mirror.owner, heddle: version, metrics: option === undefined }
    const { header, trailer, bytes } = await makeBackup(file, () => openBackup(journal, wish))
    const { instances, nodes } = trailer.fleet
    out(
      `${file}: revision ${header.revision}, ${trailer.rows} rows, ${instances} instances on ${nodes} nodes, ${bytes} bytes\n`,
    )
    out('It was read back and is whole.\n')
    return 0
  }
}

/** The command `restore <config.yaml> <file>` of the plane's program. */
export function restoreCommand({ load, version, out = standardOut }: CommandParts) {
  return async (args: readonly string[]): Promise<number> => {
    const [config, file] = args
    if (config === undefined || file === undefined || args.length > 2) {
      out('Usage: heddle-plane restore <config.yaml> <file>\n')
      return 2
    }
    const { journal } = await load(config)
    const log = createLogger({ name: 'heddle-plane', level: 'warn' })
    const onProgress = told(out)
    const restored = await restoreStore(journal, {
      file,
      heddle: version,
      by: `operator:${userName()}`,
      now: Date.now(),
      log,
      onProgress,
    })
    const { header, trailer, resumed, acknowledged, compared, name } = restored
    out(
      `${name} holds the backup of ${header.installation} (${header.owner}) as of ${header.at}, revision ${header.revision}.\n`,
    )
    for (const [table, rows] of Object.entries(header.rows)) out(`${table}: ${rows}\n`)
    for (const table of header.left_out) out(`${table}: not in the backup\n`)
    out('Every table was read back and is as it was backed up.\n')
    const { instances, nodes } = trailer.fleet
    if (compared) out(`The journal gives the same fleet: ${instances} instances on ${nodes} nodes.\n`)
    else
      out(
        `Heddle ${header.heddle} made the backup, so its fleet was not compared with what this version makes of it.\n`,
      )
    const lost = acknowledged - header.revision
    if (lost > 0) out(`What was acknowledged after it is lost: ${lost} changes, up to revision ${acknowledged}.\n`)
    out(`The journal goes on at revision ${resumed}, so that no number that others have seen comes again.\n`)
    return 0
  }
}

/** Says something each tenth of the way. */
function told(out: (text: string) => unknown): (progress: RestoreProgress) => void {
  let tenths = 0
  return (progress) => {
    if (progress.kind === 'comparing') out('comparing every table with what was backed up\n')
    if (progress.kind === 'replaying') out('replaying the journal\n')
    if (progress.kind !== 'rows' || progress.of < 10_000) return
    const now = Math.floor((10 * progress.rows) / progress.of)
    if (now > tenths) out(`${progress.rows} of ${progress.of} rows\n`)
    tenths = Math.max(tenths, now)
  }
}

/** Under sudo the person counts, not root. */
function userName(): string {
  return process.env.SUDO_USER || process.env.USER || 'unknown'
}
