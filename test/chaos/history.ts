import type { Harm } from './faults/fault.ts'

/** What is asked for again and again while faults go on. */
export type Asked = 'api' | 'envoy' | 'nginx'

/** How a sink shows an instance; `mark` changes whenever it is written anew, even with the same content. */
export type Shown = { readonly routable: boolean; readonly mark: string }

/** An instance as a plane tells of it. */
export type Believed = { readonly routable: 'yes' | 'last' | 'no'; readonly health: string; readonly service: string }

/** Everything that was done and seen, each with its time: milliseconds since the play began, by one monotonic clock. */
export type Entry = { readonly at: number } & (
  | {
      readonly kind: 'began'
      readonly seed: number
      readonly planes: readonly string[]
      /** Units without which changes may take longer. */
      readonly control: readonly string[]
      /** The services that proxies are given. */
      readonly routed: readonly string[]
      readonly members: readonly { readonly server: string; readonly agent: string; readonly instance: string }[]
    }
  | ({ readonly kind: 'fault-began'; readonly index: number; readonly fault: string; readonly target: string } & Harm)
  | { readonly kind: 'fault-healed'; readonly index: number; readonly error?: string }
  | { readonly kind: 'fault-skipped'; readonly index: number; readonly why: string }
  /** A process ended although nobody had told it to. */
  | { readonly kind: 'ended'; readonly unit: string; readonly how: string; readonly words: string }
  /** The answer to a registration or deregistration; `doubtful`: none came, or a refusal. */
  | {
      readonly kind: 'registration'
      readonly instance: string
      readonly verb: 'register' | 'deregister'
      readonly outcome: 'acknowledged' | 'doubtful'
    }
  /** What became of the requests that were begun within one second. */
  | { readonly kind: 'second'; readonly asked: Asked; readonly calls: number; readonly failed: number }
  | { readonly kind: 'failed'; readonly asked: Asked; readonly why: string }
  /** What a sink shows of the members, whenever it is not as it was seen before. */
  | { readonly kind: 'sink'; readonly sink: string; readonly shown: Readonly<Record<string, Shown>> }
  /** Records that are not ours, as one text. */
  | { readonly kind: 'foreign'; readonly datacenter: string; readonly text: string }
  | {
      readonly kind: 'fence'
      readonly datacenter: string
      readonly installation: string
      readonly epoch: number
      readonly run: string
    }
  /** The same state of a plane at one revision has one hash. */
  | { readonly kind: 'fleet'; readonly plane: string; readonly revision: number; readonly hash: string }
  /** P99 of the lag of an event loop since it was last asked, beside that of an idle one, which is the machine's doing. */
  | { readonly kind: 'lag'; readonly unit: string; readonly p99Ms: number; readonly machineMs: number }
  /** Whether the real proxy accepts what it was given. */
  | { readonly kind: 'rendered'; readonly gateway: string; readonly accepted: boolean; readonly output: string }
  | ({ readonly kind: 'rest' } & Rest)
  /** The end of the journal: its events in the order of their revisions, by the epoch of the leadership that wrote them. */
  | { readonly kind: 'journal'; readonly gaps: readonly number[] }
  | { readonly kind: 'trouble'; readonly text: string }
)

/** What there was when all faults were healed, nothing was asked to change, and time had passed. */
export type Rest = {
  readonly round: number
  /** Whether all came to agree in time. */
  readonly settled: boolean
  readonly tookMs: number
  /** By plane; a plane that waits for the leadership tells nothing. */
  readonly planes: Readonly<Record<string, PlaneAtRest>>
  /** By sink: each instance of ours that it shows. */
  readonly sinks: Readonly<Record<string, Readonly<Record<string, Shown>>>>
  /** What was written while nothing changed: keys of sinks with what they were and became. */
  readonly writes: readonly string[]
}

export type PlaneAtRest = {
  readonly revision: number
  readonly instances: Readonly<Record<string, Believed>>
  /** By sink: the revision that it is said to be proven at; null: none. */
  readonly proven: Readonly<Record<string, number | null>>
}

export type History = readonly Entry[]

export type EntryOf<Kind extends Entry['kind']> = Extract<Entry, { readonly kind: Kind }>

export function entriesOf<Kind extends Entry['kind']>(history: History, kind: Kind): readonly EntryOf<Kind>[] {
  return history.filter((entry): entry is EntryOf<Kind> => entry.kind === kind)
}

/** A fault with its time. */
export type Span = Harm & {
  readonly index: number
  readonly fault: string
  readonly target: string
  readonly begin: number
  /** Infinite while it was not healed. */
  readonly end: number
}

export function faultSpans(history: History): readonly Span[] {
  const healed = new Map(entriesOf(history, 'fault-healed').map(({ index, at }) => [index, at]))
  return entriesOf(history, 'fault-began').map(({ at, kind: _, ...fault }) => ({
    ...fault,
    begin: at,
    end: healed.get(fault.index) ?? Number.POSITIVE_INFINITY,
  }))
}

export function overlaps({ begin, end }: Pick<Span, 'begin' | 'end'>, from: number, to: number): boolean {
  return begin <= to && end >= from
}
