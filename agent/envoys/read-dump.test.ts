import { createServer } from 'node:http'
import t from 'tap'
import { listen } from '#shared/http/listen.ts'
import { readDump } from './read-dump.ts'

const lbEndpoint = (port: number) => ({
  endpoint: { address: { socket_address: { address: '10.0.0.1', port_value: port } } },
  load_balancing_weight: 1,
})
const assignment = (service: string, ports: readonly number[]) => ({
  endpoint_config: { cluster_name: service, endpoints: [{ lb_endpoints: ports.map(lbEndpoint) }] },
})
const identity = { bootstrap: { node: { id: 'e-1', cluster: 'edge' } }, last_updated: '2026-01-01T00:00:00Z' }

/** The admin page of an Envoy that has these endpoints and nothing else. */
async function adminOf(assignments: readonly object[]) {
  const server = createServer(({ url = '' }, response) => {
    const found = url.includes('mask=') ? [identity] : url.includes('dynamic_endpoint') ? assignments : []
    response.statusCode = found.length === 0 ? 404 : 200
    response.end(JSON.stringify({ configs: found }))
  })
  return listen(server, { address: '127.0.0.1', port: 0 }, 'test')
}

t.test(
  'of a service that has too many endpoints to tell none is named, since the others would seem to be missing',
  async (t) => {
    await using admin = await adminOf([assignment('wide', [1, 2, 3]), assignment('crm', [4, 5])])
    const most = { resources: 10, endpoints: 2 }
    const runs = await readDump(`127.0.0.1:${admin.port}`, 'edge', ['wide', 'crm'], most)
    t.strictSame(Object.keys(runs.endpoints), ['crm'])
    t.equal(runs.endpoints.crm?.length, 2)
    t.strictSame(
      runs.resources.map(({ name }) => name),
      ['wide', 'crm'],
    )
  },
)

t.test('resources beyond what is told are counted; another gateway’s Envoy is refused', async (t) => {
  await using admin = await adminOf([assignment('wide', [1]), assignment('crm', [4])])
  const place = `127.0.0.1:${admin.port}`
  t.match(await readDump(place, 'edge', [], { resources: 1, endpoints: 0 }), { resources: [{ name: 'wide' }], more: 1 })
  await t.rejects(readDump(place, 'inner', [], { resources: 1, endpoints: 0 }), { message: /belongs to edge/ })
})
