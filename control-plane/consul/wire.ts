import { readFileSync } from 'node:fs'
import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { Failure } from '#shared/failure/failure.ts'
import { exchange, type WholeAnswer } from './exchange.ts'
import { answerFailure, connectionFailure } from './failure.ts'
import { type Answer, type CallOptions, callContext, type PackagedConsul, packagedConsul } from './package.ts'
import { ErrorStatus, streamRows } from './stream.ts'
import { TokenFile } from './token.ts'

export type ConsulOptions = {
  /** Every request names it, so a Consul of another datacenter refuses them all (or hands them on, if it is federated). */
  readonly datacenter: string
  /** `http://127.0.0.1:8500` */
  readonly address: string
  readonly tokenFile?: string | undefined
  /** PEM file of the authority that signed the server's certificate. */
  readonly caFile?: string | undefined
  /** For each call but lists, which are given up when nothing comes for three times this, and blocking queries. */
  readonly timeoutMs: number
  /** Connections at most, kept alive. */
  readonly mostSockets: number
}

const listTimeoutMs = 60_000
/** A list may be long in the making: nothing of it may come for so many times the deadline of other calls. */
const silentTimes = 3

/** The connections to one Consul: each request has the token and a deadline, is tried once, and fails with a name. */
export class Wire implements Disposable {
  readonly datacenter: string
  readonly packaged: PackagedConsul
  readonly #options: ConsulOptions
  readonly #address: URL
  readonly #agent: HttpAgent | HttpsAgent
  readonly #token: TokenFile

  /** Throws CONSUL_CA_UNREADABLE. */
  constructor(options: ConsulOptions) {
    this.datacenter = options.datacenter
    this.#options = options
    this.#token = new TokenFile(options.tokenFile)
    this.#address = new URL(options.address)
    const keep = { keepAlive: true, maxSockets: options.mostSockets, maxFreeSockets: options.mostSockets }
    this.#agent =
      this.#address.protocol === 'https:'
        ? new HttpsAgent({ ...keep, ...authority(options.caFile) })
        : new HttpAgent(keep)
    this.packaged = packagedConsul(this.#address, this.#agent)
  }

  /**
   * Sends a body and reads the whole answer, whatever its status. It is under way before this returns.
   * @param read makes the result out of the answer; undefined: it is an error
   */
  async put<T>(
    asked: string,
    path: string,
    body: Buffer,
    signal: AbortSignal | undefined,
    read: (answer: WholeAnswer) => T | undefined,
  ): Promise<T> {
    signal?.throwIfAborted()
    if (this.#token.known === undefined) await this.#token.read()
    const options = { agent: this.#agent, headers: this.#headers(), timeoutMs: this.#options.timeoutMs, signal }
    try {
      const answer = await exchange(this.#url(path), body, options)
      const result = read(answer)
      if (result !== undefined) return result
      throw this.#failureOf({ status: answer.status, text: answer.body.toString('utf8') }, asked)
    } catch (error) {
      signal?.throwIfAborted()
      if (error instanceof Failure) throw error
      throw connectionFailure(error, this.datacenter, asked)
    }
  }

  /**
   * @param read makes the result out of the answer's body and index
   * @param indexed whether every Consul gives an index with this answer: what has none is no Consul, and not an empty one
   */
  async call<T>(
    asked: string,
    signal: AbortSignal | undefined,
    call: (options: CallOptions) => Promise<Answer>,
    read: (body: unknown, index: number) => T,
    indexed = true,
  ): Promise<T> {
    signal?.throwIfAborted()
    if (this.#token.known === undefined) await this.#token.read()
    using ctx = callContext(signal)
    const { timeoutMs: timeout } = this.#options
    const token = this.#token.known ? { token: this.#token.known } : {}
    try {
      const [response, body] = await call({ dc: this.datacenter, timeout, ...token, ctx })
      const index = response.headers['x-consul-index']
      if (indexed && index === undefined) throw new TypeError('no index')
      return read(body, Number(index))
    } catch (error) {
      signal?.throwIfAborted()
      if (error instanceof Failure) throw error
      const answer = errorAnswer(error)
      throw answer ? this.#failureOf(answer, asked) : connectionFailure(error, this.datacenter, asked)
    }
  }

  /** The rows of a list, in groups as they come. */
  async *list<T>(
    path: string,
    query: Readonly<Record<string, string>>,
    { consistency = 'default', signal }: { readonly consistency?: string; readonly signal?: AbortSignal | undefined },
    read: (row: unknown) => T,
  ): AsyncGenerator<readonly T[]> {
    if (this.#token.known === undefined) await this.#token.read()
    const url = this.#url(path, query)
    if (consistency !== 'default') url.searchParams.set(consistency, '')
    const silentMs = silentTimes * this.#options.timeoutMs
    const options = { agent: this.#agent, headers: this.#headers(), timeoutMs: listTimeoutMs, silentMs, signal }
    try {
      for await (const rows of streamRows(url, options)) yield rows.map(read)
    } catch (error) {
      signal?.throwIfAborted()
      if (error instanceof ErrorStatus) throw this.#failureOf(error, `list ${path}`)
      throw connectionFailure(error, this.datacenter, `list ${path}`)
    }
  }

  [Symbol.dispose](): void {
    this.#agent.destroy()
  }

  #url(path: string, query: Readonly<Record<string, string>> = {}): URL {
    const url = new URL(`${this.#address.pathname.replace(/\/+$/, '')}/v1/${path}`, this.#address)
    url.search = new URLSearchParams({ dc: this.datacenter, ...query }).toString()
    return url
  }

  #headers(): Readonly<Record<string, string>> {
    return this.#token.known ? { 'x-consul-token': this.#token.known } : {}
  }

  #failureOf(answer: { readonly status: number; readonly text: string }, asked: string): Failure {
    const failure = answerFailure({ ...answer, text: this.#token.hidden(answer.text) }, this.datacenter, asked)
    if (failure.code === 'CONSUL_FORBIDDEN') this.#token.forget()
    return failure
  }
}

function authority(caFile: string | undefined): { readonly ca?: string } {
  if (caFile === undefined) return {}
  try {
    return { ca: readFileSync(caFile, 'utf8') }
  } catch (cause) {
    throw new Failure('CONSUL_CA_UNREADABLE', `cannot read ${caFile}`, { cause })
  }
}

/** What the package's error says of an answer; undefined if there was none. */
function errorAnswer(error: unknown): { readonly status: number; readonly text: string } | undefined {
  if (!(error instanceof Error) || !('response' in error) || !error.response) return undefined
  const { statusCode, body } = error.response as Answer[0] & { readonly body?: unknown }
  if (statusCode === undefined) return undefined
  const text = typeof body === 'string' || Buffer.isBuffer(body) ? body.toString() : JSON.stringify(body)
  return { status: statusCode, text: text ?? '' }
}
