import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { Failure } from '#shared/failure/failure.ts'
import type { AccessSettings } from './config.ts'
import type { Access } from './kubeconfig.ts'
import { Lines } from './lines.ts'
import { readAccess } from './read-access.ts'

export type ApiOptions = {
  /** For people. */
  readonly cluster: string
  readonly access: AccessSettings
  /** Connections at once. */
  readonly mostSockets: number
}

/** What was asked of an API server for watching it, and what came, since the start. */
export type Traffic = { lists: number; watches: number; bytes: number }

export type Query = Readonly<Record<string, string | number | boolean | undefined>>

/** More than any object, and any page of a list, may have. */
const mostAnswerBytes = 64 * 1024 * 1024
/** etcd keeps no object above 1.5 MiB by default; in JSON it may take some times as much. */
const mostLineBytes = 16 * 1024 * 1024
const userAgent = 'heddle-plane'

/**
 * One Kubernetes API server. Each call is tried once: retrying belongs to the loops. Calls reject with KUBERNETES_ACCESS,
 * KUBERNETES_UNREACHABLE, KUBERNETES_FORBIDDEN, KUBERNETES_EXPIRED or KUBERNETES_REFUSED; none of them carries a token.
 */
export class KubernetesApi implements Disposable {
  readonly #options: ApiOptions
  readonly traffic: Traffic = { lists: 0, watches: 0, bytes: 0 }
  /** Connections are kept as long as they are made in the same way. */
  #wire: { readonly told: string; readonly agent: HttpAgent } | undefined

  constructor(options: ApiOptions) {
    this.#options = options
  }

  [Symbol.dispose](): void {
    this.#wire?.agent.destroy()
  }

  /** A JSON answer. @param path such as `/api/v1/pods` */
  async list(path: string, query: Query, stop: AbortSignal): Promise<unknown> {
    this.traffic.lists += 1
    return this.#whole('GET', path, query, undefined, stop)
  }

  /** Creates something that is nowhere kept: a review. */
  async review(path: string, body: object, stop: AbortSignal): Promise<unknown> {
    return this.#whole('POST', path, {}, JSON.stringify(body), stop)
  }

  /**
   * The events of a watch as they come, each parsed. It ends when the server ends it.
   * @param silentMs so long nothing may come
   */
  async *watch(path: string, query: Query, silentMs: number, stop: AbortSignal): AsyncGenerator<readonly unknown[]> {
    this.traffic.watches += 1
    // Not the deadline of a request: for what comes first only.
    const began = new AbortController()
    const timer = setTimeout(() => began.abort(), this.#options.access.timeout)
    const cut = AbortSignal.any([stop, began.signal])
    try {
      const response = await this.#open('GET', path, { ...query, watch: true }, undefined, cut)
      if (response.statusCode !== 200) throw this.#refused(response.statusCode ?? 0, await readAll(response, 100_000))
      clearTimeout(timer)
      const { socket } = response
      const silent = () => socket.destroy(new Error(`nothing came for ${silentMs} ms`))
      socket.setTimeout(silentMs, silent)
      // It listens.
      yield []
      try {
        const lines = new Lines(mostLineBytes)
        for await (const piece of response as AsyncIterable<Buffer>) {
          this.traffic.bytes += piece.length
          const complete = lines.push(piece)
          if (complete.length > 0) yield complete.map((line): unknown => JSON.parse(line))
        }
      } finally {
        response.destroy()
        // A connection outlives its watch: others come upon it.
        socket.setTimeout(0).off('timeout', silent)
      }
    } catch (error) {
      throw this.#failure(error, stop)
    } finally {
      clearTimeout(timer)
    }
  }

  async #whole(method: string, path: string, query: Query, body: string | undefined, stop: AbortSignal) {
    try {
      const deadline = AbortSignal.any([stop, AbortSignal.timeout(this.#options.access.timeout)])
      const response = await this.#open(method, path, query, body, deadline)
      const text = await readAll(response, mostAnswerBytes)
      this.traffic.bytes += text.length
      const { statusCode = 0 } = response
      if (statusCode < 200 || statusCode > 299) throw this.#refused(statusCode, text)
      return JSON.parse(text.toString('utf8')) as unknown
    } catch (error) {
      throw this.#failure(error, stop)
    }
  }

  async #open(method: string, path: string, query: Query, body: string | undefined, signal: AbortSignal) {
    const access = await readAccess(this.#options.access)
    const url = addressOf(access.server, path, query)
    const headers = {
      accept: 'application/json',
      'user-agent': userAgent,
      ...(access.token === undefined ? {} : { authorization: `Bearer ${access.token}` }),
      ...(body === undefined
        ? {}
        : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) }),
    }
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
    const send = url.protocol === 'https:' ? httpsRequest : httpRequest
    const request = send(url, { method, headers, agent: this.#agentFor(access), signal })
    request.on('response', resolve)
    request.on('error', reject)
    request.end(body)
    return promise
  }

  /** Another authority or another key makes other connections. */
  #agentFor({ server, ca, cert, key, servername }: Access): HttpAgent {
    const told = [server.protocol, ca, cert, key, servername].join('\n')
    if (this.#wire?.told === told) return this.#wire.agent
    const options = { keepAlive: true, keepAliveMsecs: 15_000, maxSockets: this.#options.mostSockets }
    const tls = {
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
      ...(servername === undefined ? {} : { servername }),
    }
    const agent = server.protocol === 'https:' ? new HttpsAgent({ ...options, ...tls }) : new HttpAgent(options)
    this.#wire?.agent.destroy()
    this.#wire = { told, agent }
    return agent
  }

  #refused(status: number, text: Buffer): Failure {
    const { cluster } = this.#options
    const why = statusMessage(text)
    // A server that was restored is behind what it said before: nothing can be gone on from there either.
    const isBehind = status === 504 && /too large resource version/i.test(why)
    if (status === 410 || isBehind) return new Failure('KUBERNETES_EXPIRED', `${cluster}: ${why}`, { retryable: true })
    if (status === 401 || status === 403) {
      return new Failure('KUBERNETES_FORBIDDEN', `${cluster} answered ${status}: ${why}`, { retryable: true })
    }
    if (status === 429 || status >= 500) {
      return new Failure('KUBERNETES_UNREACHABLE', `${cluster} answered ${status}: ${why}`, { retryable: true })
    }
    return new Failure('KUBERNETES_REFUSED', `${cluster} answered ${status}: ${why}`)
  }

  #failure(error: unknown, stop: AbortSignal): unknown {
    if (error instanceof Failure || stop.aborted) return error
    const { cluster, access } = this.#options
    if (error instanceof SyntaxError || error instanceof RangeError) {
      return new Failure('KUBERNETES_REFUSED', `${cluster} answered with what is none`, { cause: error })
    }
    const late = error instanceof Error && (error.name === 'TimeoutError' || error.name === 'AbortError')
    const message = late ? `${cluster} did not answer within ${access.timeout} ms` : `${cluster} cannot be asked`
    return new Failure('KUBERNETES_UNREACHABLE', message, { retryable: true, ...(late ? {} : { cause: error }) })
  }
}

function addressOf(server: URL, path: string, query: Query): URL {
  const url = new URL(server)
  url.pathname = `${server.pathname.replace(/\/+$/, '')}${path}`
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) url.searchParams.set(name, String(value))
  }
  return url
}

async function readAll(response: IncomingMessage, most: number): Promise<Buffer> {
  const pieces: Buffer[] = []
  let bytes = 0
  for await (const piece of response as AsyncIterable<Buffer>) {
    bytes += piece.length
    if (bytes > most) throw new RangeError(`an answer has more than ${most} bytes`)
    pieces.push(piece)
  }
  return Buffer.concat(pieces)
}

/** What a `Status` says; else the beginning of the text. */
function statusMessage(text: Buffer): string {
  try {
    const value: unknown = JSON.parse(text.toString('utf8'))
    if (typeof value === 'object' && value !== null && 'message' in value) return String(value.message).slice(0, 500)
  } catch {
    // Not everything that answers is an API server.
  }
  return text.toString('utf8').replace(/\s+/g, ' ').slice(0, 200)
}
