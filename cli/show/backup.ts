import type { BackupHeader, BackupTrailer } from '#shared/backup/format.ts'
import type { Style } from './style.ts'
import { printable } from './text.ts'

type Whole = { readonly file: string; readonly header: BackupHeader; readonly trailer: BackupTrailer }

export function showBackup(made: Whole & { readonly bytes: number }, style: Style): string {
  return [
    `${made.file} is written (${bytesText(made.bytes)}), and was read back: it is whole.`,
    ...facts(made, style),
    'It holds everything that the control plane knows, secrets too: keep it where only operators read.',
  ].join('\n')
}

export function showVerified(verified: Whole, style: Style): string {
  return [`${verified.file} is whole, and as it was written.`, ...facts(verified, style)].join('\n')
}

/** What restores it: a store must not be replaced under a plane that runs. */
export function showRestoring(verified: Whole, style: Style): string {
  return [
    showVerified(verified, style),
    '',
    'Nothing is restored yet. On the host of the control plane:',
    '  1. stop every control plane of this installation',
    '  2. let journal.path (or journal.postgresql) of its configuration name a new file (or an empty database)',
    `  3. heddle-plane restore control-plane.yaml ${verified.file}`,
    '  4. start the control plane',
  ].join('\n')
}

function facts({ header, trailer }: Whole, { paint }: Style): readonly string[] {
  const { installation, owner, heddle, at, revision, left_out: leftOut } = printable(header)
  const { rows, fleet } = trailer
  const without = leftOut.length === 0 ? '' : `, ${paint(`without ${leftOut.join(', ')}`, 'doubtful')}`
  return [
    `Of ${installation} (${owner}), as of ${at}, revision ${revision}, by Heddle ${heddle}.`,
    `${fleet.instances} instances on ${fleet.nodes} nodes, ${rows} rows${without}.`,
  ]
}

export function bytesText(bytes: number): string {
  if (bytes < 1024) return `${bytes} bytes`
  const units = ['KiB', 'MiB', 'GiB', 'TiB']
  const at = Math.min(units.length, Math.floor(Math.log2(bytes) / 10))
  return `${(bytes / 1024 ** at).toFixed(1)} ${units[at - 1]}`
}
