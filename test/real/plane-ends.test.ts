import { request } from 'node:http'
import t from 'tap'
import type { InstanceView } from '#shared/protocol/api.ts'
import { RunningPlane } from '#test/support/start-plane.ts'
import { waitFor } from '#test/support/wait.ts'

// Real processes on a busy machine take their time to start.
t.setTimeout(150_000)

/** One registration on a connection of its own: its id if it was answered. */
function registered(url: string, id: string): Promise<string | undefined> {
  const body = JSON.stringify({
    ...{ service_id: id, service_name: 'crm', service_url: 'http://127.0.0.1:9', node_id: 'n' },
  })
  return new Promise((resolve) => {
    const one = request(`${url}/cluster/register`, { method: 'POST', agent: false, timeout: 10_000 }, (response) => {
      response.resume()
      response.on('end', () => resolve(response.statusCode === 201 ? id : undefined))
    })
    one.setHeader('content-type', 'application/json')
    one.on('timeout', () => one.destroy())
    one.on('error', () => resolve(undefined))
    one.end(body)
  })
}

await t.test('a plane that ends answers each call that it has taken', async (t) => {
  await using plane = await RunningPlane.start()
  const answered = new Set<string>()
  let asked = 0
  let ended = false
  const client = async () => {
    while (!ended) {
      asked += 1
      const id = await registered(plane.url, `crm-${asked}`)
      if (id !== undefined) answered.add(id)
    }
  }
  const clients = Array.from({ length: 16 }, client)
  await waitFor(() => answered.size > 100, { what: 'registrations', withinMs: 30_000 })
  await plane.stop()
  ended = true
  await Promise.all(clients)
  await plane.start()
  const { out } = await plane.heddle('instances', '--json')
  const ids = (JSON.parse(out) as InstanceView[]).map(({ id }) => id)
  t.ok(ids.length > 100, `${ids.length} registrations are kept`)
  t.strictSame(
    ids.filter((id) => !answered.has(id)),
    [],
    'none of which was not answered',
  )
})
