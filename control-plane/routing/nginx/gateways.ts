import type { GatewayFiles, GatewayOutcome } from '#shared/protocol/gateway.ts'
import type { FleetView } from '../../fleet/fleet.ts'
import type { Sink } from '../../fleet/sink.ts'
import type { TableUpdate } from '../publisher.ts'
import { NginxSink } from './publish.ts'

export type NginxGatewaysParts = {
  readonly fleet: FleetView
  /** Hands a gateway's set to the agents that run it; undefined: they have nothing to serve any more. */
  readonly send: (gateway: string, files: GatewayFiles | undefined) => void
  /** Epoch milliseconds. */
  readonly now: () => number
}

/** The gateways that are an Nginx: one sink each, made when the declaration first names it. */
export class NginxGateways implements Disposable {
  readonly #parts: NginxGatewaysParts
  readonly #sinks = new Map<string, NginxSink>()

  constructor(parts: NginxGatewaysParts) {
    this.#parts = parts
  }

  /** Tables of other kinds of proxies are passed over. */
  take({ table, revision }: TableUpdate): void {
    const { gateway, mode } = table
    if (table.proxy !== 'nginx') {
      this.withdraw(gateway)
      return
    }
    let sink = this.#sinks.get(gateway)
    if (!sink || sink.mode !== mode) {
      sink?.[Symbol.dispose]()
      const { fleet, send, now } = this.#parts
      sink = new NginxSink({ gateway, mode, fleet, send: (files) => send(gateway, files), now })
      this.#sinks.set(gateway, sink)
    }
    sink.take(table, revision)
  }

  /** The declaration names this gateway no more, or as another proxy. */
  withdraw(gateway: string): void {
    const sink = this.#sinks.get(gateway)
    if (!sink) return
    sink[Symbol.dispose]()
    this.#sinks.delete(gateway)
    this.#parts.send(gateway, undefined)
  }

  outcome(gateway: string, node: string, outcome: GatewayOutcome): void {
    this.#sinks.get(gateway)?.outcome(node, outcome)
  }

  sinks(): readonly Sink[] {
    return [...this.#sinks.values()]
  }

  [Symbol.dispose](): void {
    for (const sink of this.#sinks.values()) sink[Symbol.dispose]()
  }
}
