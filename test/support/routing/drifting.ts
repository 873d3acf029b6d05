import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { DriftView } from '#shared/protocol/drift.ts'
import type { RunningPlane } from '../start-plane.ts'
import { waitFor } from '../wait.ts'

// What tests of drift ask of the gateway `edge`.

/** A declaration that uses what a gateway can do, on one plain listener. */
export const declared = (port: number, gateway = 'proxy: envoy') => `gateways:
  edge:
    ${gateway}
    health_path: /healthy
    trusted_proxies: [10.0.0.0/8]
    listeners: [{ address: 127.0.0.1, port: ${port}, client: client-a }]
clients:
  client-a: { rate: { requests: 1000/s } }
services:
  web: { balance: ip_hash }
  more: { balance: least_request, slow_start: 10s, max_connections: 100 }
routes:
  - { prefix: /web, service: web, path: strip, retries: 2, timeout: 250ms, rate: { requests: 10/s, burst: 3, by: address } }
  - { template: "/a/{id}/b", services: [{ service: web, weight: 9 }, { service: more, weight: 1 }], path: { rewrite: "/x/{id}" } }
  - { exact: /old, redirect: { path: /web }, hosts: [a.example, "*.b.example"] }
  - { prefix: /cors, service: more, path: keep, methods: [GET, OPTIONS], headers: { x-version: "2" }, max_body: 1mb, cors: { origins: ["https://a.example"] } }
`

/** An instance until the stack is disposed of; resolves with its port. */
export async function listening(stack: AsyncDisposableStack): Promise<number> {
  const server = createServer((_request, response) => response.end('{"status":"ok"}'))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  stack.defer(() => {
    server.closeAllConnections()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

export const service = (name: string, port: number) => ({
  ...{ name: 'web', port },
  ...(name === 'web' ? {} : { instance: name }),
  checks: [{ kind: 'http', path: '/', interval: '500ms' }],
})

/** Looks at the drift of `envoy:edge` until it is as a test waits for. */
export function drifts(plane: RunningPlane) {
  const look = async () => {
    const { sinks } = await plane.get<DriftView>('/v1/drift')
    const sink = sinks.find(({ name }) => name === 'envoy:edge')
    if (!sink) throw new Error('no such sink')
    return sink
  }
  type Sink = Awaited<ReturnType<typeof look>>
  return (what: string, until: (sink: Sink) => boolean) =>
    waitFor(look, { what, withinMs: 40_000, until, everyMs: 200 })
}
