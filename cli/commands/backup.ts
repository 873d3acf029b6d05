import type { Command } from 'commander'
import { checkBackup } from '#shared/backup/read-backup.ts'
import { exitCodes } from '../exit-codes.ts'
import { downloadBackup } from '../plane/backup.ts'
import type { OpenSession, Session } from '../session.ts'
import { bytesText, showBackup, showRestoring, showVerified } from '../show/backup.ts'
import { asOption } from './change.ts'
import { examples } from './examples.ts'

type Options = { readonly metrics: boolean; readonly as?: string }

const usualIdleMs = 60_000
const toldEveryBytes = 4 * 1024 * 1024

/** `heddle backup <file>` and `heddle backup verify <file>`. */
export function addBackup(program: Command, open: OpenSession): void {
  const backup = program
    .command('backup')
    .argument('<file>', 'where to write it; there must be no such file')
    .description('writes all that the control plane keeps to a file, as of now, and checks it')
    .option('--no-metrics', 'without the metrics of the last days, which are most of it')
    .addOption(asOption())
    .addHelpText(
      'after',
      examples('heddle backup heddle-$(date +%F).zst', 'heddle backup verify heddle-2026-03-01.zst'),
    )
    .action(async (file: string, { metrics, as }: Options, command: Command) => {
      const session = open(command)
      const { plane, timeoutMs, deadline, style } = session
      const stop =
        timeoutMs === undefined
          ? session.stop
          : AbortSignal.any([session.stop, AbortSignal.timeout(Math.ceil(deadline.leftMs()))])
      const by = session.author(as)
      const onBytes = progress(session)
      const made = await downloadBackup({
        address: plane.address,
        credentials: plane.credentials,
        file,
        metrics,
        by,
        idleMs: usualIdleMs,
        stop,
        onBytes,
      })
      session.print(made, () => showBackup(made, style.out))
    })
  backup
    .command('verify')
    .argument('<file>', 'a backup')
    .description('reads a backup to its end, and says whether it is whole and as it was written')
    .addHelpText('after', examples('heddle backup verify heddle-2026-03-01.zst'))
    .action(async (file: string, _options: object, command: Command) => {
      const session = open(command)
      const verified = { file, ...(await checkBackup(file)) }
      session.print(verified, () => showVerified(verified, session.style.out))
    })
}

/** `heddle restore <file>`: checks it, and says what restores it. */
export function addRestore(program: Command, open: OpenSession): void {
  program
    .command('restore')
    .argument('<file>', 'a backup')
    .description("checks a backup, and says how it is restored: by the plane's own program, while no plane runs")
    .option('--check', 'only check it', false)
    .addHelpText('after', examples('heddle restore --check heddle-2026-03-01.zst'))
    .action(async (file: string, { check = false }: { readonly check?: boolean }, command: Command) => {
      const session = open(command)
      const verified = { file, ...(await checkBackup(file)) }
      session.print(verified, () => (check ? showVerified : showRestoring)(verified, session.style.out))
      // Nothing was restored by it.
      if (!check) session.exitWith(exitCodes.refused)
    })
}

/** Shows on a terminal how much has come. */
function progress({ errIsTerminal, json, writeErr }: Session): (bytes: number) => void {
  let all = 0
  let told = 0
  return (bytes) => {
    all += bytes
    if (!errIsTerminal || json || all - told < toldEveryBytes) return
    told = all
    writeErr(`\r${bytesText(all)} read `)
  }
}
