import { Agent, request } from 'node:http'
import { type Outcome, type Summary, Tally } from './traffic-summary.ts'

export type { Outcome, Summary } from './traffic-summary.ts'

export type TrafficOptions = {
  readonly url: string
  readonly perSecond: number
  /** A new connection for each request (the default), or connections that are kept and used again. */
  readonly connections?: 'fresh' | 'kept'
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  /** After which a request without a complete answer has failed; 5 s by default. */
  readonly timeoutMs?: number
  /** Hears of each outcome as it comes. */
  readonly onOutcome?: (outcome: Outcome) => void
}

/** Traffic that goes on until it is stopped. */
export type Traffic = AsyncDisposable & {
  /** What has been counted so far; requests on their way are not in it. */
  readonly summary: () => Summary
  /** Sends no more, waits for the requests on their way, and sums up. */
  readonly stop: () => Promise<Summary>
}

const mostBody = 256 * 1024

/**
 * Sends requests at a fixed rate, however long they take to be answered: a server that stalls meets as many as one that does not.
 * For servers on loopback or in namespaces of our own only.
 */
export function drive(options: TrafficOptions): Traffic {
  const { perSecond, connections = 'fresh', onOutcome } = options
  const agent = new Agent({ keepAlive: connections === 'kept', maxSockets: Number.POSITIVE_INFINITY })
  const tally = new Tally()
  const onTheirWay = new Set<Promise<void>>()
  const startedAt = performance.now()
  let sent = 0

  const sendOne = () => {
    const one = send(options, agent).then((outcome) => {
      tally.add(outcome)
      onOutcome?.(outcome)
      onTheirWay.delete(one)
    })
    onTheirWay.add(one)
  }
  const timer = setInterval(
    () => {
      // Timers are late as a rule: what is due by the clock is sent, so that the rate holds on average.
      const due = Math.floor(((performance.now() - startedAt) / 1000) * perSecond)
      for (; sent < due; sent += 1) sendOne()
    },
    Math.max(1, Math.min(20, 1000 / perSecond)),
  )
  const stop = async () => {
    clearInterval(timer)
    await Promise.all(onTheirWay)
    agent.destroy()
    return tally.summary()
  }
  return {
    summary: () => tally.summary(),
    stop,
    [Symbol.asyncDispose]: async () => {
      await stop()
    },
  }
}

/** Sends one request; never rejects. */
function send(
  { url, method = 'GET', headers = {}, timeoutMs = 5_000 }: TrafficOptions,
  agent: Agent,
): Promise<Outcome> {
  const at = performance.now()
  const signal = AbortSignal.timeout(timeoutMs)
  return new Promise((resolve) => {
    const end = (result: Ended) => resolve({ at, tookMs: performance.now() - at, ...result })
    const fail = (error: Error) => end({ kind: 'failed', reason: signal.aborted ? 'timeout' : reasonOf(error) })
    const asked = request(url, { method, headers, agent, signal }, (response) => {
      let body = ''
      response.setEncoding('utf8')
      response.on('data', (text: string) => {
        if (body.length < mostBody) body += text
      })
      response.on('error', fail)
      response.on('end', () => end({ kind: 'answered', status: response.statusCode ?? 0, instance: instanceOf(body) }))
    })
    asked.on('error', fail)
    asked.end()
  })
}

type Ended =
  | { readonly kind: 'answered'; readonly status: number; readonly instance: string | undefined }
  | { readonly kind: 'failed'; readonly reason: string }

/** The `instance` that an answer's JSON names, if it is JSON and names one. */
function instanceOf(body: string): string | undefined {
  if (!body.startsWith('{')) return undefined
  try {
    const { instance } = JSON.parse(body)
    return typeof instance === 'string' ? instance : undefined
  } catch {
    return undefined
  }
}

function reasonOf(error: Error): string {
  return 'code' in error ? String(error.code) : error.message
}
