import fc from 'fast-check'
import * as z from 'zod/mini'
import { lineCutter } from '#agent/envoys/ask-text.ts'
import { EnvoyCounters } from '#agent/envoys/counters.ts'
import { DumpReduction, dumpParts } from '#agent/envoys/dump.ts'
import { JsonLeaves } from '#agent/envoys/json-leaves.ts'
import { isObject, type Json } from '#agent/gateway/envoy/discovery-file.ts'
import { seenOf } from '#agent/gateway/envoy/read-seen.ts'
import { Counters } from '#shared/protocol/traffic.ts'
import { inPieces, type Pieces, piecesOf } from '../inputs/cut.ts'
import { hostileJson } from '../inputs/hostile-json.ts'
import { mutated } from '../inputs/mutated.ts'
import { promise } from '../inputs/promises.ts'
import { targetOf } from '../play/target.ts'

const endpoint = (port: number) => ({
  endpoint: { address: { socket_address: { address: '10.0.0.1', port_value: port } } },
  load_balancing_weight: 5,
})
const dump = {
  configs: [
    {
      version_info: 'v1',
      cluster: { '@type': 'x', name: 'crm', connect_timeout: '5s', list: [1, 'a', null, true] },
      endpoint_config: {
        cluster_name: 'crm',
        endpoints: [{ priority: 1, locality: { region: 'r' }, lb_endpoints: [endpoint(1), endpoint(2)] }],
      },
      route_config: { name: 'edge' },
      active_state: { listener: { name: 'l' }, version_info: 'v2' },
    },
  ],
}
const stats = `cluster.crm.upstream_rq_completed: 12
cluster.crm.upstream_rq_5xx: 1
cluster.crm.upstream_rq_time:
  totals=1,0.1:3, 18,1:2
  intervals=1,0.1:3
vhost.v.route.r.upstream_rq_completed: 3
http.edge.downstream_rq_completed: 5
server.uptime: 60
`
const seen = {
  stats: [
    { name: 'cluster_manager.cds.version_text', value: 'v1' },
    { name: 'cluster.crm.update_rejected', value: 1 },
    { name: 'listener_manager.total_listeners_warming', value: 0 },
  ],
  configs: [{ route_config: { name: 'edge' }, version_info: 'v' }],
}
const tokens = ['{', '[', '"', ':', ',', '\\', 'totals=', 'e+', '.', 'cluster.', '.upstream_rq_time: ', '1e400', 'NaN']

/** What an agent reads on the admin page of an Envoy, which may be anything that listens there. What it makes of it can be told to the plane. */
export const target = targetOf({
  arbitrary: fc.oneof(
    fc.tuple(fc.constant('dump' as const), inPieces(hostileJson([dump]).map((text) => Buffer.from(text)))),
    fc.tuple(fc.constant('counters' as const), inPieces(mutated([Buffer.from(stats)], tokens))),
    fc.tuple(fc.constant('stats' as const), inPieces(hostileJson([seen]).map((text) => Buffer.from(text)))),
  ),
  run: ([kind, input]) => readers[kind](input),
})

const readers = {
  dump: (input: Pieces) => {
    const [part] = dumpParts.filter(({ kind }) => kind === (input.cuts.length % 2 === 0 ? 'endpoints' : 'cluster'))
    if (!part) return 'refused'
    const reduction = new DumpReduction(part, new Set(['crm']))
    const json = new JsonLeaves(reduction.leaf)
    try {
      for (const text of textsOf(input)) json.take(text)
      json.end()
    } catch (error) {
      if (error instanceof RangeError) throw error
      return 'refused'
    }
    promise(JSON.stringify(reduction.end()).length < 1024 * 1024, 'what is told of it grows')
    return 'taken'
  },
  counters: (input: Pieces) => {
    const counters = new EnvoyCounters()
    const lines = lineCutter((line) => counters.add(line))
    for (const text of textsOf(input)) lines.take(text)
    lines.end()
    const all = {
      routes: counters.of('routes'),
      services: counters.of('services'),
      listeners: counters.of('listeners'),
    }
    const message = {
      type: 'counters',
      gateway: 'edge',
      envoy: 'e',
      life: 'l',
      upMs: 1_000 * (counters.uptime ?? 0),
      ...all,
    }
    const told = z.safeParse(Counters, JSON.parse(JSON.stringify(message)))
    if (!told.success) throw new Error(`the plane would not take it: ${z.prettifyError(told.error)}`)
    return all.services.length > 0 ? 'taken' : 'refused'
  },
  stats: ({ bytes }: Pieces) => {
    let value: Json = null
    try {
      value = JSON.parse(bytes.toString()) as Json
    } catch {
      return 'refused'
    }
    if (!isObject(value)) return 'refused'
    return seenOf(value, value).clusters === undefined ? 'refused' : 'taken'
  },
} as const

/** As a socket gives them that was told to decode. */
function textsOf(input: Pieces): readonly string[] {
  const decoder = new TextDecoder()
  return piecesOf(input).map((piece) => decoder.decode(piece, { stream: true }))
}
