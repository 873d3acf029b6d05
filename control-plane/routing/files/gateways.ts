import type { FileProxy, GatewayFile, GatewayFiles, GatewayOutcome } from '#shared/protocol/gateway.ts'
import type { FleetView } from '../../fleet/fleet.ts'
import type { Sink } from '../../fleet/sink.ts'
import { renderEnvoyFiles } from '../envoy/render-files.ts'
import { renderNginx } from '../nginx/render.ts'
import type { TableUpdate } from '../publisher.ts'
import type { Service } from '../table.ts'
import type { InspectGateway } from './inspect.ts'
import { FileSink, type Render } from './publish.ts'

export type FileGatewaysParts = {
  readonly fleet: FleetView
  /** Hands a gateway's set to the agents that run it; undefined: they have nothing to serve any more. */
  readonly send: (gateway: string, files: GatewayFiles | undefined) => void
  /** Has the agent of a node look at a gateway; undefined: it does not answer. */
  readonly inspect: (gateway: string, ...about: Parameters<InspectGateway>) => ReturnType<InspectGateway>
  /** Epoch milliseconds. */
  readonly now: () => number
}

/** The gateways whose proxies get files from the agents on their nodes: one sink each, made when the declaration first names it. */
export class FileGateways implements Disposable {
  readonly #parts: FileGatewaysParts
  readonly #sinks = new Map<string, FileSink>()

  constructor(parts: FileGatewaysParts) {
    this.#parts = parts
  }

  /** Tables of proxies that ask the plane themselves are passed over. */
  take({ table, revision, declared }: TableUpdate): void {
    const { gateway, proxy, delivery, mode } = table
    if (delivery !== 'files') {
      this.withdraw(gateway)
      return
    }
    let sink = this.#sinks.get(gateway)
    if (!sink || sink.mode !== mode || sink.proxy !== proxy) {
      sink?.[Symbol.dispose]()
      const { fleet, send, inspect, now } = this.#parts
      const render = rendererOf(proxy)
      sink = new FileSink({
        ...{ gateway, proxy, render, mode, fleet, now },
        send: (files) => send(gateway, files),
        inspect: (node, repair) => inspect(gateway, node, repair),
      })
      this.#sinks.set(gateway, sink)
    }
    sink.take(table, revision, declared)
  }

  /** The declaration names this gateway no more, or its proxies ask the plane now. */
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

/** What renders one gateway's sets; it makes again only what changed. */
function rendererOf(proxy: FileProxy): Render {
  const rendered = new WeakMap<Service, GatewayFile>()
  const render = proxy === 'envoy' ? renderEnvoyFiles : renderNginx
  return (table, revision, before) => render(table, revision, before, rendered)
}
