import got from 'got'
import { Failure } from '#shared/failure/failure.ts'
import { backoffMs } from '#shared/lifecycle/backoff.ts'
import { pause } from '#shared/lifecycle/repeat.ts'
import { EventView } from '#shared/protocol/api.ts'
import { linesOf } from './lines.ts'
import { queryText, readAnswer, unreachable } from './plane.ts'
import { problemFailure } from './problem.ts'
import { type Credentials, credentialsFrom } from './token.ts'

const asked = 'follow events'
/** The plane writes an empty line every 15 s of quiet: three of them missing is a dead connection. */
const mostQuietMs = 45_000
const backoff = { firstMs: 200, mostMs: 5_000 }

export type FollowOptions = {
  /** Where the plane is, without a trailing slash. */
  readonly address: string
  readonly credentials?: Credentials
  /** Events after this revision, or since this ISO time. */
  readonly start: { readonly after: number } | { readonly since: string }
  readonly stop: AbortSignal
  /** Told once when the stream is lost, and once when it goes on. */
  readonly onInterruption: (lost: Failure | undefined) => void
}

/**
 * Every event from `start` on, in order and once each, until `stop` is signalled. A stream that is lost is taken up again
 * after the last revision, for as long as it takes. Throws if the plane cannot be reached at first, or refuses.
 */
export async function* followEvents({
  address,
  credentials = credentialsFrom(undefined),
  start,
  stop,
  onInterruption,
}: FollowOptions): AsyncGenerator<EventView> {
  let from: { readonly after: number } | { readonly since: string } = start
  let heard = false
  let failures = 0
  while (!stop.aborted) {
    try {
      for await (const line of streamLines(address, await credentials(), from, stop)) {
        if (failures > 0) onInterruption(undefined)
        failures = 0
        heard = true
        if (line === undefined || line.trim() === '') continue
        const event = readAnswer(EventView, line, asked, address)
        if ('after' in from && event.revision <= from.after) continue
        from = { after: event.revision }
        yield event
      }
      throw new Failure('PLANE_UNREACHABLE', `${address} ended the stream of events`, { retryable: true })
    } catch (error) {
      if (stop.aborted) return
      if (!heard || !(error instanceof Failure) || !error.retryable) throw error
      failures += 1
      if (failures === 1) onInterruption(error)
    }
    await pause(backoffMs(backoff, failures, Math.random()), stop)
  }
}

/** First undefined once the plane has taken the request, then each line. */
async function* streamLines(
  address: string,
  headers: Readonly<Record<string, string>>,
  from: { readonly after: number } | { readonly since: string },
  stop: AbortSignal,
): AsyncGenerator<string | undefined> {
  const stream = got.stream(`${address}/v1/events${queryText({ ...from, follow: 'true' })}`, {
    headers,
    retry: { limit: 0 },
    followRedirect: false,
    throwHttpErrors: false,
    timeout: { connect: 5_000, response: 10_000, socket: mostQuietMs },
    signal: stop,
  })
  // After the first answer errors come out of the loop below; none of them may go unhandled.
  stream.on('error', () => {})
  try {
    const status = await new Promise<number>((resolve, reject) => {
      stream.once('response', ({ statusCode }: { readonly statusCode: number }) => resolve(statusCode))
      stream.once('error', reject)
    })
    if (status !== 200) throw problemFailure(asked, status, await wholeText(stream))
    yield undefined
    yield* linesOf(stream)
  } catch (error) {
    throw unreachable(address, asked, error)
  } finally {
    stream.destroy()
  }
}

async function wholeText(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = []
  for await (const chunk of chunks) parts.push(chunk)
  return Buffer.concat(parts).toString('utf8')
}
