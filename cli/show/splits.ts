import type {
  MeasuredView,
  SplitMovedView,
  SplitView,
  TransitionView,
  UnderWaySplitView,
  WholeSplitView,
} from '#shared/protocol/split-api.ts'
import { age } from './age.ts'
import type { Colour, Style } from './style.ts'
import { type Cell, table } from './table.ts'

const colours: Readonly<Record<SplitView['phase'], Colour>> = {
  ready: 'faint',
  running: 'doubtful',
  paused: 'doubtful',
  kept: 'good',
  settled: 'good',
  aborted: 'bad',
}

export function showSplits(splits: readonly SplitView[], style: Style): string {
  if (splits.length === 0) return 'No service is split.'
  const rows = splits.map((split): Cell[] => [
    split.service,
    split.canary,
    { text: split.phase, colour: colours[split.phase] },
    stepText(split),
    usersText(split),
    age(split.since, style.now),
    split.waiting_for.join('; ') || '-',
  ])
  const heads = ['SERVICE', 'CANARY', 'PHASE', 'STEP', 'USERS', 'SINCE', 'WAITS FOR'].map((head) => ({ head }))
  return table(heads, rows, style)
}

/** One split: where its users are, what both sides did, and how it came there. */
export function showSplit(split: WholeSplitView, style: Style): string {
  const { service, canary, baseline, source, by, phase, serial, waiting_for, measured, transitions } = split
  const head = `${service} is ${phase}: ${usersText(split)} of the users on ${canary}, the others on ${baseline}`
  return [
    style.paint(head, colours[phase]),
    `  declared at ${source}; users are known by ${by}; serial ${serial}`,
    `  step ${stepText(split)} of ${split.steps.join(', ')}, for ${age(split.since, style.now)}`,
    `  canary: ${countText(measured.canary)}`,
    `  baseline: ${countText(measured.baseline)}`,
    ...waiting_for.map((text) => `  waits: ${text}`),
    ...(transitions.length === 0 ? [] : ['', table(columns, transitions.toReversed().map(rowOf(style)), style)]),
  ].join('\n')
}

export function showMoved({ changed, unkept, split }: SplitMovedView, style: Style): string {
  if (unkept !== undefined) {
    const told = `Not stored yet (${unkept}): it holds at the gateways of the plane that answered only. Abort it again until it is stored.`
    return `${style.paint(told, 'bad')}\n\n${showSplit(split, style)}`
  }
  return changed ? showSplit(split, style) : `Nothing changed: ${splitLine(split)}`
}

/** In one line, for whoever waits. */
export function splitLine(split: SplitView): string {
  const waits = split.waiting_for.length === 0 ? '' : `; waits: ${split.waiting_for.join('; ')}`
  return `${split.service} is ${split.phase}, step ${stepText(split)}, ${usersText(split)} of the users on ${split.canary}${waits}`
}

/** For the status: one line for each, and below it what decided, or what it waits for. */
export function underWayLines(splits: readonly UnderWaySplitView[], style: Style): readonly string[] {
  return splits.flatMap(({ last, ...split }) => {
    const decided = split.phase === 'aborted' || split.phase === 'paused' ? last : null
    return [
      style.paint(
        `${splitLine({ ...split, waiting_for: [] })}, for ${age(split.since, style.now)}`,
        colours[split.phase],
      ),
      ...(decided ? [`  ${decided.by}: ${decided.reason}${decided.why === '' ? '' : `: ${decided.why}`}`] : []),
      ...split.waiting_for.map((text) => `  waits: ${text}`),
    ]
  })
}

const columns = ['AGE', 'BY', 'PHASE', 'STEP', 'REASON', 'WHY'].map((head) => ({ head }))

function rowOf(style: Style) {
  return ({ at, by, phase, step, reason, why }: TransitionView): Cell[] => [
    age(at, style.now),
    by,
    { text: phase, colour: colours[phase] },
    step,
    reason,
    why || '-',
  ]
}

function stepText({ steps, step, phase }: SplitView): string {
  return phase === 'ready' ? '-' : (steps[step] ?? '-')
}

function usersText({ users_percent, cohort }: SplitView): string {
  return `${users_percent}%${cohort && users_percent < 100 ? ' and the cohort' : ''}`
}

function countText(count: MeasuredView['canary']): string {
  if (!count) return 'nobody counts its requests'
  const { requests, errors, p95_ms } = count
  const latency = p95_ms === null ? '' : `, P95 ${Math.round(p95_ms * 10) / 10} ms`
  return `${Math.round(requests)} requests in the window, ${Math.round(errors)} of them failed${latency}`
}
