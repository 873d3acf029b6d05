import { readFile } from 'node:fs/promises'
import { request as askHttp, type ClientRequest, type IncomingMessage, Agent as PlainAgent } from 'node:http'
import { request as askHttps, Agent as SecureAgent } from 'node:https'
import { explainError } from '#shared/failure/failure.ts'
import { readSecret } from '#shared/files/read-secret.ts'
import { readBounded } from '#shared/http/read-bounded.ts'
import type { ZerviConfig } from './config.ts'

export type ZerviQuestion = {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** With its query. */
  readonly path: string
  /** Whose token is shown; left out: that of this plane. */
  readonly token?: string
  readonly json?: unknown
  readonly signal?: AbortSignal
}

export type ZerviAnswer =
  | { readonly kind: 'answered'; readonly status: number; readonly body: Buffer; readonly truncated: boolean }
  | { readonly kind: 'failed'; readonly why: string }

/** What a client is asked through. */
export type Zervi = Pick<ZerviClient, 'ask'>

const mostBytes = 256 * 1024
const mostConnections = 32
/** The files are read again this often: certificates and tokens are renewed. */
const readAgainMs = 60_000
/** Connections that are kept end before the other side's may (5 s is common). */
const idleMs = 4_000

type Read = { readonly ca: string | undefined; readonly token: string | undefined; readonly readAt: number }

/** Asks Zervi at the one address that the settings name, over TLS with the one authority that they name. Follows nothing. */
export class ZerviClient implements Disposable {
  readonly #config: Pick<ZerviConfig, 'url' | 'ca_file' | 'token_file' | 'timeout'>
  #read: Read | undefined
  #reading: Promise<Read> | undefined
  #agent: PlainAgent | undefined

  constructor(config: Pick<ZerviConfig, 'url' | 'ca_file' | 'token_file' | 'timeout'>) {
    this.#config = config
  }

  /** Asks within the time of the settings. Never rejects. */
  async ask(question: ZerviQuestion): Promise<ZerviAnswer> {
    try {
      const { ca, token } = await this.#files()
      return await this.#send(question, question.token ?? token, this.#agentFor(ca))
    } catch (error) {
      return { kind: 'failed', why: explainError(error) }
    }
  }

  [Symbol.dispose](): void {
    this.#agent?.destroy()
  }

  #send({ method, path, json, signal }: ZerviQuestion, token: string | undefined, agent: PlainAgent) {
    const { url, timeout } = this.#config
    const target = new URL(url + path)
    // A path such as "@other.example" must not become another address.
    if (target.origin !== new URL(url).origin) throw new Error(`${path} is not at ${url}`)
    const body = json === undefined ? undefined : JSON.stringify(json)
    const headers = {
      'user-agent': 'heddle',
      accept: 'application/json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
    }
    const options = { method, headers, agent, ...(signal ? { signal } : {}) }
    return new Promise<ZerviAnswer>((resolve) => {
      const end = (answer: ZerviAnswer) => {
        clearTimeout(deadline)
        resolve(answer)
      }
      const take = (response: IncomingMessage) => {
        readBounded(response, mostBytes).then(
          (read) => end({ kind: 'answered', status: response.statusCode ?? 0, ...read }),
          (error) => end({ kind: 'failed', why: explainError(error) }),
        )
      }
      const request: ClientRequest =
        target.protocol === 'https:' ? askHttps(target, options, take) : askHttp(target, options, take)
      const deadline = setTimeout(() => {
        end({ kind: 'failed', why: 'no answer in time' })
        request.destroy()
      }, timeout)
      request.on('error', (error) => end({ kind: 'failed', why: explainError(error) }))
      request.end(body)
    })
  }

  #files(): Promise<Read> {
    if (this.#read && performance.now() - this.#read.readAt < readAgainMs) return Promise.resolve(this.#read)
    this.#reading ??= this.#readFiles().finally(() => {
      this.#reading = undefined
    })
    return this.#reading
  }

  async #readFiles(): Promise<Read> {
    const { ca_file, token_file } = this.#config
    const readAt = performance.now()
    const [ca, token] = await Promise.all([
      ca_file === undefined ? undefined : readFile(ca_file, 'utf8'),
      token_file === undefined ? undefined : readSecret(token_file).then((text) => text.trim()),
    ])
    if (ca !== this.#read?.ca) this.#agent = undefined
    this.#read = { ca, token, readAt }
    return this.#read
  }

  #agentFor(ca: string | undefined): PlainAgent {
    const settings = { keepAlive: true, maxSockets: mostConnections, maxFreeSockets: 8, timeout: idleMs }
    // What is under way on the connections of a former authority ends there.
    this.#agent ??= this.#config.url.startsWith('https:')
      ? new SecureAgent({ ...settings, ...(ca === undefined ? {} : { ca }), minVersion: 'TLSv1.2' })
      : new PlainAgent(settings)
    return this.#agent
  }
}
