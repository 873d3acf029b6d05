import type { ChangeView } from '#shared/protocol/change-api.ts'
import type {
  SettingsListView,
  SettingsNodesView,
  SettingsVersionView,
  SettingsView,
} from '#shared/protocol/orders-api.ts'
import { age, clock } from './age.ts'
import type { Style } from './style.ts'
import { type Column, table } from './table.ts'

const versionColumns: readonly Column[] = [
  { head: 'VERSION', align: 'right' },
  { head: 'AT' },
  { head: 'BY' },
  { head: 'COMMENT' },
]

export function showSettingsList(held: SettingsListView, style: Style): string {
  if (held.length === 0) return 'No settings are held for any agent.'
  return table(
    [
      { head: 'SCOPE' },
      { head: 'VERSION', align: 'right' },
      { head: 'SINCE', align: 'right' },
      { head: 'BY' },
      { head: 'COMMENT' },
    ],
    held.map(({ scope, version, at, by, comment }) => [scope, String(version), age(at, style.now), by, comment]),
    style,
  )
}

/** The document, and before it the versions, newest first. */
export function showSettings(view: SettingsVersionView & Partial<Pick<SettingsView, 'history'>>, style: Style): string {
  const { document, history = [view] } = view
  const rows = history.map(({ version, at, by, comment, restores }) => [
    String(version),
    clock(at),
    by,
    restores === null ? comment : [`as in version ${restores}`, comment].filter((part) => part !== '').join(': '),
  ])
  return `${table(versionColumns, rows, style)}\n\n${JSON.stringify(document, null, 2)}`
}

export function showSettingsNodes({ counts, not_done: left }: SettingsNodesView, { paint }: Style): string {
  const told = Object.entries(counts).filter(([, count]) => count > 0)
  const lines = [told.map(([state, count]) => `${count} ${state}`).join(', ') || 'No agent is in this scope.']
  for (const { node, node_name, state, version, running, problems } of left) {
    const why = problems.map(({ path, message }) => `\n  ${path === '' ? '' : `${path}: `}${message}`).join('')
    lines.push(
      `${node} ${node_name}: ${paint(state, 'doubtful')}, should run ${version || 'none'}, runs ${running || 'none'}${why}`,
    )
  }
  return lines.join('\n')
}

export function showSettingsWritten({ changed, revision }: ChangeView, scope: string): string {
  return changed
    ? `The settings of ${scope} have a new version as of revision ${revision}.`
    : `Nothing changed: that is held for ${scope} already (revision ${revision}).`
}
