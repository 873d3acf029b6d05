import type { ClientRequest, IncomingMessage, RequestOptions } from 'node:http'
import { explainError } from '#shared/failure/failure.ts'
import type { PagePlan } from './page-plan.ts'

/** What came of asking for a page. */
export type Fetched =
  | { readonly kind: 'answer'; readonly status: number; readonly body: Buffer; readonly truncated: boolean }
  /** `why` is timeout, the code of the error, or what is wrong. */
  | { readonly kind: 'failed'; readonly why: string }

export const mostPageBytes = 1024 * 1024

/** Asks for a page by GET on a connection of its own, within its time; reads a bounded part, follows nothing. Never rejects. */
export async function fetchPage(plan: PagePlan, stop: AbortSignal): Promise<Fetched> {
  const { address, port, path, tls, host, timeoutMs } = plan
  const options: RequestOptions & { rejectUnauthorized?: boolean } = {
    host: address,
    port,
    path: encodeURI(path.toWellFormed()).replaceAll('%25', '%'),
    agent: false,
    headers: {
      'user-agent': 'heddle',
      accept: 'text/plain;version=0.0.4, application/json;q=0.9, */*;q=0.1',
      'accept-encoding': 'identity',
      connection: 'close',
      ...(host === undefined ? {} : { host }),
    },
    // The question is what it measures, not who vouches for it; nothing secret is sent.
    ...(tls ? { rejectUnauthorized: false } : {}),
  }
  const { request } = tls ? await import('node:https') : await import('node:http')
  return new Promise((resolve) => {
    let asked: ClientRequest | undefined
    const end = (fetched: Fetched) => {
      clearTimeout(deadline)
      stop.removeEventListener('abort', giveUp)
      resolve(fetched)
      asked?.destroy()
    }
    const giveUp = () => end({ kind: 'failed', why: 'given up' })
    const deadline = setTimeout(() => end({ kind: 'failed', why: 'timeout' }), timeoutMs)
    stop.addEventListener('abort', giveUp, { once: true })
    try {
      stop.throwIfAborted()
      asked = request(options, (response) => read(response, end))
      asked.on('error', (error: NodeJS.ErrnoException) => end({ kind: 'failed', why: error.code ?? 'error' }))
      asked.end()
    } catch (error) {
      // A host that cannot stand in a header, say.
      end({ kind: 'failed', why: stop.aborted ? 'given up' : explainError(error) })
    }
  })
}

function read(response: IncomingMessage, end: (fetched: Fetched) => void): void {
  const status = response.statusCode ?? 0
  const parts: Buffer[] = []
  let bytes = 0
  const done = (truncated: boolean) =>
    end({ kind: 'answer', status, body: Buffer.concat(parts).subarray(0, mostPageBytes), truncated })
  response.on('error', () => end({ kind: 'failed', why: 'ended early' }))
  // What is not a page need not be read.
  if (status !== 200) {
    done(false)
    return
  }
  response.on('data', (part: Buffer) => {
    parts.push(part)
    bytes += part.length
    if (bytes > mostPageBytes) done(true)
  })
  response.on('end', () => done(false))
}
