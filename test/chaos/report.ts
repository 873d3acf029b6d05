import { entriesOf, faultSpans, type History, type Span } from './history.ts'
import type { Broken } from './invariants/invariant.ts'
import { type Fault, scheduleText } from './schedule.ts'

export type Failed = {
  readonly history: History
  readonly broken: readonly Broken[]
  readonly troubles: readonly string[]
  readonly faults: readonly Fault[]
  readonly suspects: readonly Fault[]
  readonly folder: string
  /** The command that plays some of the faults again. */
  readonly replay: (faults: readonly Fault[]) => string
}

/** So many broken promises are told in words; all of them are in result.json. */
const mostTold = 20

/** What failed, for whoever wants to know why. */
export function failureText({ history, broken, troubles, faults, suspects, folder, replay }: Failed): string {
  const began = entriesOf(history, 'began')[0]
  const first = broken[0]
  const last = spansBefore(history, first)
  return [
    `\nBROKEN with seed ${began?.seed ?? '?'}`,
    ...troubles.map((text) => `the run itself failed: ${text}`),
    ...broken
      .slice(0, mostTold)
      .map(({ at, invariant, evidence }) => `at ${seconds(at)}: ${invariant}\n    ${evidence}`),
    ...(broken.length > mostTold ? [`and ${broken.length - mostTold} more, in result.json`] : []),
    `\nThe faults before the first of these:`,
    ...last.slice(-5).map(({ index, fault, target, begin, end }) => {
      return `  ${index} ${fault} ${target} from ${seconds(begin)} to ${Number.isFinite(end) ? seconds(end) : 'the end'}`
    }),
    `\nThe schedule:\n${scheduleText(faults)}`,
    `\nHistory: ${folder}/history.jsonl    journal: ${folder}/journal.jsonl    logs: ${folder}/logs`,
    `All again:        ${replay(faults)}`,
    ...(suspects.length === 0 ? [] : [`The round it was:  ${replay(suspects)}`]),
  ].join('\n')
}

/** The faults of the round in which something was broken first. */
export function suspectsOf(history: History, broken: readonly Broken[], faults: readonly Fault[]): readonly Fault[] {
  const last = spansBefore(history, broken[0]).at(-1)
  const round = faults.find(({ index }) => index === last?.index)?.round
  return faults.filter((fault) => fault.round === round)
}

function spansBefore(history: History, broken: Broken | undefined): readonly Span[] {
  return faultSpans(history).filter(({ begin }) => broken === undefined || begin <= broken.at)
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}
