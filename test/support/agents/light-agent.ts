import { Lag } from '#agent/checks/lag.ts'
import { Outbox } from '#agent/report/outbox.ts'
import { helloOf } from '#agent/session/hello.ts'
import { Session } from '#agent/session/keep-session.ts'
import { replayPace } from '#agent/session/pace.ts'
import { createLogger } from '#shared/logging/logger.ts'
import type { Health, InstanceSpec } from '#shared/protocol/check.ts'
import { reason } from '#shared/protocol/reason.ts'
import { preferred } from '#shared/spread/rendezvous.ts'
import { nodeId } from './agent-client.ts'
import { temporaryBacklog } from './backlog.ts'

/** The real session of an agent with one instance that nobody checks: many of them fit into a test. */
export class LightAgent implements AsyncDisposable {
  readonly node: string
  readonly session: Session
  /** Sessions that ended before another plane had welcomed it, in words. */
  readonly gaps: string[] = []
  readonly #spec: InstanceSpec
  readonly #outbox: Outbox
  readonly #stop = new AbortController()
  readonly #ended: Promise<unknown>
  readonly #kept: AsyncDisposable

  private constructor(node: string, planes: readonly string[], kept: Awaited<ReturnType<typeof temporaryBacklog>>) {
    this.node = node
    this.#kept = kept
    this.#spec = {
      id: `crm-${node.slice(2)}`,
      service: 'crm',
      address: '10.0.0.1',
      port: 20_000 + Number.parseInt(node.slice(-2), 36),
      tags: [],
      metadata: {},
      checks: [],
    }
    this.#outbox = new Outbox(kept.backlog)
    this.#outbox.specified(this.#spec, { health: 'passing', reason: reason('ok') }, performance.now())
    const identity = { node, machine: `machine-${node}`, incarnation: 1 }
    const place = { name: node, site: 'tencent', cluster: undefined, address: '10.0.0.1', gateways: [] }
    const log = createLogger({ name: 'light-agent', level: 'silent' })
    // What is told of an agent without a session is a warning of its own.
    log.warn = ((about: object, text: string) => {
      if (text === 'session ended') this.gaps.push(JSON.stringify(about))
    }) as typeof log.warn
    this.session = new Session({
      planes,
      hello: () => helloOf({ identity, version: '0.1.0', ...place }),
      ready: async () => {},
      outbox: this.#outbox,
      backlog: kept.backlog,
      pace: replayPace,
      lag: new Lag(),
      log,
      onDesired() {},
    })
    this.#ended = this.session.run(this.#stop.signal)
  }

  static async start(node: string, planes: readonly string[]): Promise<LightAgent> {
    return new LightAgent(node, planes, await temporaryBacklog())
  }

  get instance(): string {
    return this.#spec.id
  }

  /** The address of the plane that it has a session with; undefined: it has none. */
  get at(): string | undefined {
    const { state, plane } = this.session.state
    return state === 'connected' ? plane : undefined
  }

  /** The run of that plane. */
  get replica(): string | undefined {
    const { state, replica } = this.session.state
    return state === 'connected' ? replica : undefined
  }

  judge(health: Health): void {
    const why = reason(health === 'passing' ? 'ok' : 'refused')
    this.#outbox.judged(this.#spec.id, { health, reason: why }, performance.now())
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    await this.#ended
    await this.#kept[Symbol.asyncDispose]()
  }
}

/** So many ids of nodes whose agents would rather have one of these planes than the others. */
export function nodesOf(planes: readonly string[], plane: string, count: number): readonly string[] {
  const nodes: string[] = []
  for (let number = 1; nodes.length < count; number += 1) {
    if (preferred(nodeId(number), planes)[0] === plane) nodes.push(nodeId(number))
  }
  return nodes
}
