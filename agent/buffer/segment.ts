import { frameOf, readFrames } from './frame.ts'

/** How a segment begins. */
export type Header = {
  readonly version: 1
  /** Which log it is part of: numbers are those of one log. */
  readonly log: string
  /** How often it was joined with its neighbour to save room. */
  readonly level: number
}

/** Numbers from the first to the last of each pair have been acknowledged. */
export type Acked = readonly (readonly [from: number, to: number])[]

type Payload<R> = { readonly header: Header } | { readonly acked: Acked } | { readonly record: R }

export type Segment<R> = {
  readonly header: Header
  readonly records: readonly R[]
  readonly acked: Acked
  /** How many bytes of it are whole. */
  readonly goodBytes: number
}

export function headerFrame(header: Header): Buffer {
  return frameOf(JSON.stringify({ header } satisfies Payload<never>))
}

export function ackedFrame(acked: Acked): Buffer {
  return frameOf(JSON.stringify({ acked } satisfies Payload<never>))
}

export function recordFrame<R>(record: R): Buffer {
  return frameOf(JSON.stringify({ record } satisfies Payload<R>))
}

/** What the bytes of a segment say up to the first bad frame; undefined if not even their beginning can be read. */
export function readSegment<R>(bytes: Buffer): Segment<R> | undefined {
  const { payloads, goodBytes } = readFrames(bytes)
  const [first, ...rest] = payloads
  if (first === undefined) return undefined
  // A frame whose sum is right is as it was written.
  const begin = JSON.parse(first) as Payload<R>
  if (!('header' in begin) || begin.header.version !== 1) return undefined
  const records: R[] = []
  const acked: (readonly [number, number])[] = []
  for (const text of rest) {
    const payload = JSON.parse(text) as Payload<R>
    if ('record' in payload) records.push(payload.record)
    else if ('acked' in payload) acked.push(...payload.acked)
  }
  return { header: begin.header, records, acked, goodBytes }
}

/** Numbers in rising order as pairs of first and last. */
export function runsOf(numbers: readonly number[]): Acked {
  const runs: [number, number][] = []
  for (const n of numbers) {
    const last = runs.at(-1)
    if (last?.[1] === n - 1) last[1] = n
    else runs.push([n, n])
  }
  return runs
}
