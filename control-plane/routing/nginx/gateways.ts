import type { GatewayFiles, GatewayOutcome } from '#shared/protocol/gateway.ts'
import type { FleetView } from '../../fleet/fleet.ts'
import type { Sink } from '../../fleet/sink.ts'
import type { TableUpdate } from '../publisher.ts'
import { NginxSink } from './publish.ts'

export type NginxGatewaysParts = {
  readonly fleet: FleetView
  /** Hands a gateway's set to the agents that run it. */
  readonly send: (gateway: string, files: GatewayFiles) => void
  /** Epoch milliseconds. */
  readonly now: () => number
}

/** The gateways that are an Nginx: one sink each, made when the declaration first names it. */
export class NginxGateways {
  readonly #parts: NginxGatewaysParts
  readonly #sinks = new Map<string, NginxSink>()

  constructor(parts: NginxGatewaysParts) {
    this.#parts = parts
  }

  /** Tables of other kinds of proxies are passed over. */
  take({ table, revision }: TableUpdate): void {
    if (table.proxy !== 'nginx') return
    const { gateway, mode } = table
    let sink = this.#sinks.get(gateway)
    if (!sink || sink.mode !== mode) {
      const { fleet, send, now } = this.#parts
      sink = new NginxSink({ gateway, mode, fleet, send: (files) => send(gateway, files), now })
      this.#sinks.set(gateway, sink)
    }
    sink.take(table, revision)
  }

  outcome(gateway: string, node: string, outcome: GatewayOutcome): void {
    this.#sinks.get(gateway)?.outcome(node, outcome)
  }

  sinks(): readonly Sink[] {
    return [...this.#sinks.values()]
  }
}
