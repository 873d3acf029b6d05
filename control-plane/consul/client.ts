import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { Failure } from '#shared/failure/failure.ts'
import * as answers from './answers.ts'
import { blockingTimeoutMs } from './blocking.ts'
import { answerFailure, connectionFailure } from './failure.ts'
import type { Operation, TransactionOutcome } from './operation.ts'
import { type Answer, type CallOptions, callContext, type PackagedConsul, packagedConsul } from './package.ts'
import { ErrorStatus, streamRows } from './stream.ts'

export type ConsulOptions = {
  /** Every request names it, so a Consul of another datacenter refuses them all (or hands them on, if it is federated). */
  readonly datacenter: string
  /** `http://127.0.0.1:8500` */
  readonly address: string
  readonly tokenFile?: string | undefined
  /** PEM file of the authority that signed the server's certificate. */
  readonly caFile?: string | undefined
  /** For each call but lists and blocking queries. */
  readonly timeoutMs: number
  /** Connections at most, kept alive. */
  readonly mostSockets: number
}

/** How fresh a read must be. stale: any server answers · default: the leader · consistent: a leader that makes sure it still is. */
export type Consistency = 'stale' | 'default' | 'consistent'

type Reading = { readonly consistency?: Consistency; readonly signal?: AbortSignal | undefined }

/** Only records on nodes with this metadata. */
export type NodeMeta = { readonly key: string; readonly value: string }

const listTimeoutMs = 60_000

/**
 * One Consul over HTTP or HTTPS. Each call has a deadline and is tried once: retrying belongs to the loops. Calls reject with
 * CONSUL_UNREACHABLE (retryable), CONSUL_FORBIDDEN, CONSUL_WRONG_DATACENTER or CONSUL_REFUSED; none of them ever carries the token.
 */
export class ConsulClient implements Disposable {
  readonly datacenter: string
  readonly #options: ConsulOptions
  readonly #address: URL
  readonly #agent: HttpAgent | HttpsAgent
  readonly #packaged: PackagedConsul
  #token: string | undefined

  /** Throws CONSUL_CA_UNREADABLE. */
  constructor(options: ConsulOptions) {
    this.datacenter = options.datacenter
    this.#options = options
    this.#address = new URL(options.address)
    const keep = { keepAlive: true, maxSockets: options.mostSockets, maxFreeSockets: options.mostSockets }
    this.#agent =
      this.#address.protocol === 'https:'
        ? new HttpsAgent({ ...keep, ...authority(options.caFile) })
        : new HttpAgent(keep)
    this.#packaged = packagedConsul(this.#address, this.#agent)
  }

  /** Reads the token now, so that the first call need not wait for the disk. */
  async ready(): Promise<void> {
    await this.#readToken()
  }

  /**
   * Does all operations or none. It is under way before this returns.
   * @param operations at most 64, and 512 KiB of JSON
   */
  transact(operations: readonly Operation[], signal?: AbortSignal): Promise<TransactionOutcome> {
    return this.#call<TransactionOutcome>(
      'write a transaction',
      signal,
      async (options) => {
        const [, body] = await this.#packaged.transaction.create(operations, options)
        return { kind: 'done', results: answers.operationResults(body) }
      },
      ({ status, body, text }) => {
        if (status === 413) return { kind: 'too-large', why: text }
        if (status !== 409) return undefined
        return { kind: 'refused', errors: answers.operationErrors(body) }
      },
    )
  }

  /** A key, or undefined if it is not there. */
  readKey(key: string, { consistency = 'consistent', signal }: Reading = {}): Promise<answers.KeyRow | undefined> {
    return this.#call(`read the key ${key}`, signal, async (options) => {
      const [, body] = await this.#packaged.kv.get({ ...options, ...mode(consistency), key })
      return body === undefined ? undefined : answers.keyRow(body)
    })
  }

  /** Waits until the key's index is no longer `index`, at most `waitMs`. */
  watchKey(key: string, index: number, waitMs: number, signal?: AbortSignal): Promise<answers.KeyRow | undefined> {
    return this.#call(`watch the key ${key}`, signal, async (options) => {
      const [, body] = await this.#packaged.kv.get({ ...options, ...blocking(index, waitMs), key })
      return body === undefined ? undefined : answers.keyRow(body)
    })
  }

  /** The names of the services on nodes with this metadata. */
  async serviceNames(meta: NodeMeta, { consistency = 'default', signal }: Reading = {}): Promise<readonly string[]> {
    return this.#call('list services', signal, async (options) => {
      const [, body] = await this.#packaged.catalog.services({ ...options, ...mode(consistency), ...nodeMeta(meta) })
      return Object.keys(answers.texts(body))
    })
  }

  /** Waits until something may have changed among services on nodes with this metadata, at most `waitMs`; answers with the index. */
  watchServices(meta: NodeMeta, index: number, waitMs: number, signal?: AbortSignal): Promise<number> {
    return this.#call('watch services', signal, async (options) => {
      const asked = { ...options, ...nodeMeta(meta), ...blocking(index, waitMs), stale: true }
      const [response] = await this.#packaged.catalog.services(asked)
      return Number(response.headers['x-consul-index'])
    })
  }

  /** Everything on a node, or undefined if there is none of this name. */
  async node(
    name: string,
    { consistency = 'consistent', signal }: Reading = {},
  ): Promise<answers.NodeContent | undefined> {
    const asked = `read the node ${name}`
    const [node, checks] = await Promise.all([
      this.#call(asked, signal, async (options) => {
        const [, body] = await this.#packaged.catalog.node.services({ ...options, ...mode(consistency), node: name })
        return body
      }),
      this.#call(asked, signal, async (options) => {
        const [, body] = await this.#packaged.health.node({ ...options, ...mode(consistency), node: name })
        return body
      }),
    ])
    return answers.nodeContent(node, checks)
  }

  /** All nodes with this metadata, in groups as they come. */
  nodes(meta: NodeMeta, reading: Reading = {}): AsyncGenerator<readonly answers.NodeRow[]> {
    return this.#list('catalog/nodes', { 'node-meta': `${meta.key}:${meta.value}` }, reading, answers.nodeRow)
  }

  /** All checks on nodes with this metadata. */
  checks(meta: NodeMeta, reading: Reading = {}): AsyncGenerator<readonly answers.CheckRow[]> {
    return this.#list('health/state/any', { 'node-meta': `${meta.key}:${meta.value}` }, reading, answers.checkRow)
  }

  /** The instances of a service on nodes with this metadata. */
  instancesWith(
    service: string,
    meta: NodeMeta,
    reading: Reading = {},
  ): AsyncGenerator<readonly answers.ListedServiceRow[]> {
    const query = { 'node-meta': `${meta.key}:${meta.value}` }
    return this.#list(`catalog/service/${encodeURIComponent(service)}`, query, reading, answers.listedServiceRow)
  }

  /** The instances of a service on all other nodes. */
  instancesWithout(
    service: string,
    meta: NodeMeta,
    reading: Reading = {},
  ): AsyncGenerator<readonly answers.ListedServiceRow[]> {
    const selector = `NodeMeta[${JSON.stringify(meta.key)}]`
    const query = { filter: `${selector} != ${JSON.stringify(meta.value)}` }
    return this.#list(`catalog/service/${encodeURIComponent(service)}`, query, reading, answers.listedServiceRow)
  }

  /** Makes sure that this is the datacenter that it should be. */
  async verify(signal?: AbortSignal): Promise<void> {
    await this.#call('name its datacenters', signal, async (options) => {
      const [, body] = await this.#packaged.catalog.datacenters(options)
      if (Array.isArray(body) && body.includes(this.datacenter)) return
      const found = Array.isArray(body) ? body.join(', ') : String(body)
      throw new Failure(
        'CONSUL_WRONG_DATACENTER',
        `the Consul configured for ${this.datacenter} knows only of ${found}`,
      )
    })
  }

  [Symbol.dispose](): void {
    this.#agent.destroy()
  }

  async #call<T>(
    asked: string,
    signal: AbortSignal | undefined,
    call: (options: CallOptions) => Promise<T>,
    expected: (answer: { status: number; body: unknown; text: string }) => T | undefined = () => undefined,
  ): Promise<T> {
    signal?.throwIfAborted()
    if (this.#token === undefined) await this.#readToken()
    using ctx = callContext(signal)
    const { timeoutMs: timeout } = this.#options
    const token = this.#token ? { token: this.#token } : {}
    try {
      return await call({ dc: this.datacenter, timeout, ...token, ctx })
    } catch (error) {
      signal?.throwIfAborted()
      if (error instanceof Failure) throw error
      const answer = errorAnswer(error)
      if (!answer) throw connectionFailure(error, this.datacenter, asked)
      const outcome = expected(answer)
      if (outcome !== undefined) return outcome
      throw this.#failureOf(answer, asked)
    }
  }

  async *#list<T>(
    path: string,
    query: Readonly<Record<string, string>>,
    { consistency = 'default', signal }: Reading,
    read: (row: unknown) => T,
  ): AsyncGenerator<readonly T[]> {
    if (this.#token === undefined) await this.#readToken()
    const url = new URL(`${this.#address.pathname.replace(/\/+$/, '')}/v1/${path}`, this.#address)
    url.search = new URLSearchParams({ dc: this.datacenter, ...query }).toString()
    if (consistency !== 'default') url.searchParams.set(consistency, '')
    const headers: Record<string, string> = this.#token ? { 'x-consul-token': this.#token } : {}
    const options = { agent: this.#agent, headers, timeoutMs: listTimeoutMs, signal }
    try {
      for await (const rows of streamRows(url, options)) yield rows.map(read)
    } catch (error) {
      signal?.throwIfAborted()
      if (error instanceof ErrorStatus) throw this.#failureOf(error, `list ${path}`)
      throw connectionFailure(error, this.datacenter, `list ${path}`)
    }
  }

  #failureOf(answer: { readonly status: number; readonly text: string }, asked: string): Failure {
    const failure = answerFailure(answer, this.datacenter, asked)
    // It may have been replaced in the file.
    if (failure.code === 'CONSUL_FORBIDDEN') this.#token = undefined
    return failure
  }

  async #readToken(): Promise<void> {
    const { tokenFile } = this.#options
    if (tokenFile === undefined) {
      this.#token = ''
      return
    }
    try {
      this.#token = (await readFile(tokenFile, 'utf8')).trim()
    } catch (cause) {
      throw new Failure('CONSUL_TOKEN_UNREADABLE', `cannot read ${tokenFile}, the token for ${this.datacenter}`, {
        cause,
        retryable: true,
      })
    }
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

function mode(consistency: Consistency): { readonly stale?: true; readonly consistent?: true } {
  if (consistency === 'stale') return { stale: true }
  return consistency === 'consistent' ? { consistent: true } : {}
}

function nodeMeta({ key, value }: NodeMeta): { readonly 'node-meta': string } {
  return { 'node-meta': `${key}:${value}` }
}

function blocking(index: number, waitMs: number) {
  return { index, wait: `${Math.max(1, Math.round(waitMs))}ms`, timeout: blockingTimeoutMs(waitMs) }
}

/** What the package's error says of an answer; undefined if there was none. */
function errorAnswer(error: unknown): { status: number; body: unknown; text: string } | undefined {
  if (!(error instanceof Error) || !('response' in error)) return undefined
  const [response] = [error.response as Answer[0] & { readonly body?: unknown }]
  if (response?.statusCode === undefined) return undefined
  const { body } = response
  const text = typeof body === 'string' ? body : Buffer.isBuffer(body) ? body.toString('utf8') : JSON.stringify(body)
  return { status: response.statusCode, body, text: text ?? '' }
}
