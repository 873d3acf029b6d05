import { explainError } from '#shared/failure/failure.ts'
import type { SinkStatus } from '../fleet/sink.ts'
import type { WriterFigures } from './apply.ts'
import type { Comparison } from './compare.ts'
import type { Stand } from './hold.ts'
import type { Ledger } from './ledger.ts'
import type { Reach } from './reach.ts'

export type StatusParts = {
  readonly name: string
  readonly mode: SinkStatus['mode']
  readonly proven: SinkStatus['proven']
  readonly frozen: boolean
  readonly reach: Pick<Reach, 'up' | 'needsPerson' | 'error'>
  readonly stand: Stand
  readonly comparison: Comparison | undefined
  readonly ledger: Pick<Ledger, 'notes' | 'queue' | 'held'>
  readonly figures: WriterFigures
  /** Monotonic milliseconds. */
  readonly now: number
}

/** What waits longer than this is a lag. */
const lagAfterMs = 5_000
const mostRemarks = 20

/** What a datacenter says of itself. */
export function describeStatus(parts: StatusParts): SinkStatus {
  const { name, mode, proven, ledger, figures, now } = parts
  const oldest = ledger.queue.oldest()
  const lagMs = oldest === undefined ? 0 : Math.round(now - oldest)
  return {
    name,
    kind: 'consul',
    mode,
    proven,
    state: stateOf(parts, lagMs),
    remarks: remarksOf(parts),
    figures: {
      transactions: figures.transactions,
      writes: figures.operations,
      refused: figures.refused,
      waiting: ledger.queue.size,
      lag_ms: lagMs,
      contested: ledger.notes.count('contested'),
      yielded: ledger.notes.count('yielded'),
      kept: ledger.notes.count('kept'),
      guarded: ledger.held.length,
    },
  }
}

function stateOf({ mode, frozen, reach, stand, comparison, ledger }: StatusParts, lagMs: number): SinkStatus['state'] {
  if (frozen) return 'frozen'
  if (!reach.up) return reach.needsPerson ? 'blocked' : 'behind'
  if (mode === 'apply' && stand.kind === 'contested') return 'blocked'
  if (mode === 'apply' && stand.kind !== 'held') return 'standby'
  if (ledger.held.length > 0 || ledger.notes.count('refused') > 0) return 'blocked'
  return comparison === undefined || lagMs > lagAfterMs ? 'behind' : 'following'
}

function remarksOf({ mode, reach, stand, comparison, ledger }: StatusParts): readonly string[] {
  const remarks: string[] = []
  if (!reach.up) remarks.push(explainError(reach.error))
  if (mode === 'apply' && (stand.kind === 'contested' || stand.kind === 'standby')) remarks.push(stand.text)
  if (comparison && (mode === 'observe' || stand.kind !== 'held')) {
    const { adds, changes, removals, examples } = comparison
    const all = adds + changes + removals
    if (all > 0) remarks.push(`would add ${adds}, change ${changes} and remove ${removals}: ${examples.join(', ')}`)
  }
  const [held] = ledger.held
  if (held) {
    remarks.push(
      `${ledger.held.length} deletions that are only inferred wait for an operator, the first is ${held.instance} on ${held.node}`,
    )
  }
  return [...remarks, ...ledger.notes.texts(mostRemarks)]
}
