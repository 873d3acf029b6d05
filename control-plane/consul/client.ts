import { Failure } from '#shared/failure/failure.ts'
import * as answers from './answers.ts'
import { blockingTimeoutMs } from './blocking.ts'
import { connectionFailure } from './failure.ts'
import { modifyIndexes } from './indexes.ts'
import type { Operation, TransactionOutcome } from './operation.ts'
import type { CallOptions } from './package.ts'
import { type ConsulOptions, Wire } from './wire.ts'

export type { ConsulOptions } from './wire.ts'

/**
 * How fresh a read must be. stale: any server answers · default: the leader, which shows its past while it reads its log ·
 * consistent: a leader that makes sure that it still is, and has read all of it.
 */
export type Consistency = 'stale' | 'default' | 'consistent'

type Reading = { readonly consistency?: Consistency; readonly signal?: AbortSignal | undefined }

/** Only records on nodes with this metadata. */
export type NodeMeta = { readonly key: string; readonly value: string }

/**
 * One Consul over HTTP or HTTPS. Each call has a deadline and is tried once: retrying belongs to the loops. Calls reject with
 * CONSUL_UNREACHABLE (retryable), CONSUL_FORBIDDEN, CONSUL_WRONG_DATACENTER or CONSUL_REFUSED; none of them ever carries the token.
 */
export class ConsulClient implements Disposable {
  readonly datacenter: string
  readonly #wire: Wire

  /** Throws CONSUL_CA_UNREADABLE. */
  constructor(options: ConsulOptions) {
    this.datacenter = options.datacenter
    this.#wire = new Wire(options)
  }

  /**
   * Does all operations or none. It is under way before this returns.
   * @param operations at most 64, and 512 KiB of JSON
   */
  transact(operations: readonly Operation[], signal?: AbortSignal): Promise<TransactionOutcome> {
    const body = Buffer.from(JSON.stringify(operations))
    return this.#wire.put<TransactionOutcome>(
      'write a transaction',
      'txn',
      body,
      signal,
      ({ status, body: answer }) => {
        if (status === 200) return { kind: 'done', indexes: writtenIndexes(answer) }
        if (status === 413) return { kind: 'too-large', why: answer.toString('utf8') }
        if (status !== 409) return undefined
        return { kind: 'refused', errors: answers.operationErrors(JSON.parse(answer.toString('utf8'))) }
      },
    )
  }

  /** A key, or undefined if it is not there. */
  readKey(key: string, { consistency = 'consistent', signal }: Reading = {}): Promise<answers.KeyRow | undefined> {
    return this.#wire.call(
      `read the key ${key}`,
      signal,
      (options) => this.#wire.packaged.kv.get({ ...options, ...mode(consistency), key }),
      (body) => (body === undefined ? undefined : answers.keyRow(body)),
    )
  }

  /** The names of the services, of those on nodes with this metadata if one is given. */
  async serviceNames(
    meta: NodeMeta | undefined,
    { consistency = 'default', signal }: Reading = {},
  ): Promise<readonly string[]> {
    return this.#wire.call(
      'list services',
      signal,
      (options) => this.#wire.packaged.catalog.services({ ...options, ...mode(consistency), ...nodeMeta(meta) }),
      answers.namesIn,
    )
  }

  /**
   * Waits until something may have changed among services (on nodes with this metadata, if one is given), at most `waitMs`; answers with
   * the index.
   */
  watchServices(meta: NodeMeta | undefined, index: number, waitMs: number, signal?: AbortSignal): Promise<number> {
    return this.#wire.call(
      'watch services',
      signal,
      (options) =>
        this.#wire.packaged.catalog.services({
          ...options,
          ...nodeMeta(meta),
          ...blocking(index, waitMs),
          stale: true,
        }),
      (_, answered) => answered,
    )
  }

  /** Everything on a node, or undefined if there is none of this name. */
  async node(
    name: string,
    { consistency = 'consistent', signal }: Reading = {},
  ): Promise<answers.NodeContent | undefined> {
    const asked = `read the node ${name}`
    const asNode = (options: CallOptions) => ({ ...options, ...mode(consistency), node: name })
    const [node, checks] = await Promise.all([
      this.#wire.call(asked, signal, (options) => this.#wire.packaged.catalog.node.services(asNode(options)), asItIs),
      this.#wire.call(asked, signal, (options) => this.#wire.packaged.health.node(asNode(options)), asItIs),
    ])
    try {
      return answers.nodeContent(node, checks)
    } catch (error) {
      throw connectionFailure(error, this.datacenter, asked)
    }
  }

  /** All nodes with this metadata, in groups as they come. */
  nodes(meta: NodeMeta, reading: Reading = {}): AsyncGenerator<readonly answers.NodeRow[]> {
    return this.#wire.list('catalog/nodes', { 'node-meta': `${meta.key}:${meta.value}` }, reading, answers.nodeRow)
  }

  /** All checks on nodes with this metadata. */
  checks(meta: NodeMeta, reading: Reading = {}): AsyncGenerator<readonly answers.CheckRow[]> {
    return this.#wire.list('health/state/any', { 'node-meta': `${meta.key}:${meta.value}` }, reading, answers.checkRow)
  }

  /** The instances of a service on nodes with this metadata. */
  instancesWith(
    service: string,
    meta: NodeMeta,
    reading: Reading = {},
  ): AsyncGenerator<readonly answers.ListedServiceRow[]> {
    const query = { 'node-meta': `${meta.key}:${meta.value}` }
    return this.#wire.list(`catalog/service/${encodeURIComponent(service)}`, query, reading, answers.listedServiceRow)
  }

  /** The instances of a service on all other nodes. */
  instancesWithout(
    service: string,
    meta: NodeMeta,
    reading: Reading = {},
  ): AsyncGenerator<readonly answers.ListedServiceRow[]> {
    const selector = `NodeMeta[${JSON.stringify(meta.key)}]`
    const query = { filter: `${selector} != ${JSON.stringify(meta.value)}` }
    return this.#wire.list(`catalog/service/${encodeURIComponent(service)}`, query, reading, answers.listedServiceRow)
  }

  /** The instances of a service without this key in their own metadata and in that of their nodes. */
  instancesLacking(
    service: string,
    key: string,
    reading: Reading = {},
  ): AsyncGenerator<readonly answers.KindedServiceRow[]> {
    const quoted = JSON.stringify(key)
    const query = { filter: `${quoted} not in NodeMeta and ${quoted} not in ServiceMeta` }
    return this.#wire.list(`catalog/service/${encodeURIComponent(service)}`, query, reading, answers.kindedServiceRow)
  }

  /** All checks without these notes; with `passing: false` only those that do not pass. */
  checksWithout(
    notes: string,
    { passing, ...reading }: Reading & { readonly passing: boolean },
  ): AsyncGenerator<readonly answers.KindedCheckRow[]> {
    const filter = `Notes != ${JSON.stringify(notes)}${passing ? '' : ' and Status != "passing"'}`
    return this.#wire.list('health/state/any', { filter }, reading, answers.kindedCheckRow)
  }

  /** Makes sure that this is the datacenter that it should be. */
  async verify(signal?: AbortSignal): Promise<void> {
    const asked = 'name its datacenters'
    await this.#wire.call(
      asked,
      signal,
      (options) => this.#wire.packaged.catalog.datacenters(options),
      (body) => {
        if (!Array.isArray(body)) throw new TypeError('expected a list')
        if (body.includes(this.datacenter)) return
        const message = `the Consul configured for ${this.datacenter} knows only of ${body.join(', ')}`
        throw new Failure('CONSUL_WRONG_DATACENTER', message)
      },
      false,
    )
  }

  [Symbol.dispose](): void {
    this.#wire[Symbol.dispose]()
  }
}

function mode(consistency: Consistency): { readonly stale?: true; readonly consistent?: true } {
  if (consistency === 'stale') return { stale: true }
  return consistency === 'consistent' ? { consistent: true } : {}
}

function nodeMeta(meta: NodeMeta | undefined): { readonly 'node-meta'?: string } {
  return meta === undefined ? {} : { 'node-meta': `${meta.key}:${meta.value}` }
}

function blocking(index: number, waitMs: number) {
  return { index, wait: `${Math.max(1, Math.round(waitMs))}ms`, timeout: blockingTimeoutMs(waitMs) }
}

/** The indexes in the answer to a transaction. Throws for what is no such answer. */
function writtenIndexes(answer: Buffer): readonly number[] {
  if (!answer.includes('"Results"')) throw new TypeError('expected results')
  return modifyIndexes(answer)
}

function asItIs(body: unknown): unknown {
  return body
}
