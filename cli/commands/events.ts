import type { Command } from 'commander'
import type { EventView } from '#shared/protocol/api.ts'
import { printable, printableJson } from '#shared/text/printable.ts'
import { countArgument, type Since, sinceArgument } from '../arguments.ts'
import { followEvents } from '../plane/follow.ts'
import type { Plane } from '../plane/plane.ts'
import type { OpenSession, Session } from '../session.ts'
import { showEvent, showEvents } from '../show/events.ts'
import { examples } from './examples.ts'

const newest = 100
const mostSince = 1000
/** What the API gives at once. */
const page = 1000

type Options = { readonly follow?: boolean; readonly since?: Since; readonly limit?: number }

export function addEvents(program: Command, open: OpenSession): void {
  program
    .command('events')
    .description('what happened, oldest first')
    .option(
      '--since <start>',
      'a time ago (10m), a time (ISO 8601) or the revision after which to start',
      sinceArgument,
    )
    .option(
      '--limit <n>',
      `at most this many (default: the newest ${newest}, ${mostSince} with --since)`,
      countArgument,
    )
    .option('--follow', 'go on with what happens from now on (or --since), one event a line, until stopped')
    .addHelpText(
      'after',
      examples(
        'heddle events --since 10m',
        'heddle events --follow --json | jq -c \'select(.kind == "judged")\'',
        'heddle events --follow --timeout 1m',
      ),
    )
    .action(async (options: Options, command: Command) => {
      const session = open(command)
      if (options.follow) await follow(session, options)
      else await show(session, options)
    })
}

async function show(session: Session, { since, limit }: Options): Promise<void> {
  const events = since
    ? await pages(session.plane, startOf(since, session.now()), limit ?? mostSince)
    : await session.plane.events({ limit: Math.min(limit ?? newest, page) })
  session.print(events, showEvents)
  const last = events.at(-1)
  if (since && limit === undefined && events.length === mostSince && last) {
    session.note(`There may be more: --since ${last.revision}`)
  }
}

async function pages(plane: Plane, start: { after: number } | { since: string }, limit: number): Promise<EventView[]> {
  const events: EventView[] = []
  let from: { readonly after: number } | { readonly since: string } = start
  while (events.length < limit) {
    const most = Math.min(page, limit - events.length)
    const more = await plane.events({ ...from, limit: most })
    events.push(...more)
    const last = more.at(-1)
    if (!last || more.length < most) break
    from = { after: last.revision }
  }
  return events
}

async function follow(session: Session, { since, limit = Number.POSITIVE_INFINITY }: Options): Promise<void> {
  const start = since ? startOf(since, session.now()) : { after: (await session.plane.status()).revision }
  const { timeoutMs, deadline } = session
  const stop =
    timeoutMs === undefined
      ? session.stop
      : AbortSignal.any([session.stop, AbortSignal.timeout(Math.ceil(deadline.leftMs()))])
  const events = followEvents({
    address: session.plane.address,
    credentials: session.plane.credentials,
    start,
    stop,
    onInterruption: (lost) =>
      session.note(lost ? printable(`Lost the control plane (${lost.message}); trying on.`) : 'Following again.'),
  })
  let shown = 0
  for await (const event of events) {
    session.writeLine(session.json ? printableJson(event) : showEvent(printable(event), session.style.out))
    shown += 1
    if (shown >= limit) return
  }
}

function startOf(since: Since, now: number): { after: number } | { since: string } {
  switch (since.kind) {
    case 'revision':
      return { after: since.revision }
    case 'ago':
      return { since: new Date(now - since.ms).toISOString() }
    case 'time':
      return { since: since.at }
  }
}
