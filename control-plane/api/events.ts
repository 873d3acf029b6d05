import type { Request, Response } from 'express'
import { EventsQuery, type EventView } from '#shared/protocol/api.ts'
import { type JournalEntry, subjectOf } from '../fleet/event.ts'
import { readQuery, sendProblem } from './problem.ts'
import type { Readers } from './readers.ts'
import type { Seats } from './seats.ts'
import { isoTime } from './views.ts'

/** Where events come from. */
export type EventSource = {
  /** Entries after a revision, oldest first, at most `limit`. */
  readonly read: (after: number, limit: number) => Promise<readonly JournalEntry[]>
  /** The revision before the first entry at or after a time (epoch milliseconds). */
  readonly revisionAt: (time: number) => Promise<number>
  /** The newest revision. */
  readonly newest: () => number
  /** Calls `listener` after new entries; returns how to stop. */
  readonly onAppend: (listener: () => void) => () => void
  /** Those who follow. */
  readonly readers: Readers
  /** For those who follow; left out: there are enough. */
  readonly seats?: Seats
}

export function eventView({ revision, event }: JournalEntry): EventView {
  const subject = subjectOf(event.change)
  return {
    revision,
    at: isoTime(event.at),
    by: event.by,
    kind: event.change.kind,
    subject: subject.kind === 'installation' ? '' : subject.id,
    change: { ...event.change },
  }
}

/** GET /v1/events: a list, or one JSON object a line for as long as the caller stays. */
export async function answerEvents(request: Request, response: Response, source: EventSource): Promise<void> {
  const { after, since, limit, follow } = readQuery(EventsQuery, request.query)
  const start = since === undefined ? after : await source.revisionAt(Date.parse(since))
  if (follow === 'true') {
    const { seats } = source
    using seat = seats?.take()
    if (seats && !seat) {
      response.set('retry-after', '5')
      sendProblem(response, 503, 'Too many callers follow the events already.', {
        remedy: 'Ask for pages of them, by `after`.',
      })
      return
    }
    await followEvents(request, response, source, start ?? source.newest())
    return
  }
  const from = start ?? Math.max(0, source.newest() - limit)
  response.json((await source.read(from, limit)).map(eventView))
}

/** Reads on from `after` whenever there is more. A slow reader is not buffered for: it reads on at its own pace. */
async function followEvents(request: Request, response: Response, source: EventSource, after: number): Promise<void> {
  response.status(200).type('application/x-ndjson').flushHeaders()
  const gone = new AbortController()
  request.on('close', () => gone.abort())
  let last = after
  let ring: () => void = () => {}
  const stop = source.onAppend(() => ring())
  try {
    while (!gone.signal.aborted) {
      const upTo = source.newest()
      const entries = await source.read(last, 500)
      for (const entry of entries) {
        last = entry.revision
        if (!response.write(`${JSON.stringify(eventView(entry))}\n`))
          await source.readers.drained(response, gone.signal)
      }
      if (entries.length > 0) continue
      // Whatever came up to then was for others.
      last = Math.max(last, upTo)
      // An empty line now and then tells a dead connection from a quiet fleet.
      const quiet = await rung(
        (bell) => (ring = bell),
        15_000,
        gone.signal,
        () => source.newest() > last,
      )
      if (quiet && !gone.signal.aborted) response.write('\n')
    }
  } finally {
    stop()
    response.end()
  }
}

/** Resolves with false when the bell rings or there is news already, with true after `withinMs` of quiet. */
function rung(
  give: (bell: () => void) => void,
  withinMs: number,
  gone: AbortSignal,
  isNews: () => boolean,
): Promise<boolean> {
  return new Promise((resolve) => {
    const finish = (quiet: boolean) => {
      clearTimeout(timer)
      gone.removeEventListener('abort', end)
      give(() => {})
      resolve(quiet)
    }
    const end = () => finish(false)
    const timer = setTimeout(() => finish(true), withinMs)
    gone.addEventListener('abort', end, { once: true })
    give(() => finish(false))
    if (isNews()) finish(false)
  })
}
