import type { ReplicaView, StatusView } from '#shared/protocol/status-api.ts'
import type { Style } from './style.ts'
import { type Cell, type Column, table } from './table.ts'

const columns: readonly Column[] = [
  { head: 'PLANE' },
  { head: 'API' },
  { head: 'SITE' },
  { head: 'STATE' },
  { head: 'REVISION', align: 'right' },
  { head: 'AGENTS', align: 'right' },
  { head: 'SEEN', align: 'right' },
  { head: 'RUN' },
]

/** The planes that share the store, and which one leads; empty where this one is alone. */
export function replicaTable({ replicas = [], leader }: StatusView, style: Style): string {
  if (replicas.length < 2) return ''
  const rows = replicas.map((replica): readonly Cell[] => {
    const { holder, api, site, revision, sessions, seen_ms_ago, run, self } = replica
    const name = self ? `${holder} (answers)` : holder
    const seen = `${(seen_ms_ago / 1_000).toFixed(1)} s`
    return [name, api, site, stateCell(replica), String(revision), String(sessions), seen, run.slice(0, 8)]
  })
  const all = table(columns, rows, style)
  return leader === null ? `${all}\n${style.paint('Nobody leads now.', 'doubtful')}` : all
}

function stateCell({ state, leads }: ReplicaView): Cell {
  if (state === 'gone') return { text: leads ? 'gone, led last' : 'gone', colour: 'doubtful' }
  const text = state === 'leaving' ? 'leaving' : leads ? 'leads' : 'follows'
  return { text: state === 'leaving' && leads ? 'leaving, leads' : text, colour: undefined }
}
