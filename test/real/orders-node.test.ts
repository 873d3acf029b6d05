import { DatabaseSync } from 'node:sqlite'
import t from 'tap'
import type { InstanceView, NodeView } from '#shared/protocol/api.ts'
import { AgentClient, helloOf, nodeId, passing, specOf } from '#test/support/agents/agent-client.ts'
import { RunningPlane } from '#test/support/start-plane.ts'
import { waitFor } from '#test/support/wait.ts'

// Real processes on a busy machine take their time to start.
t.setTimeout(150_000)

const withinMs = 20_000
const node = nodeId(1)
const hello = helloOf({ node, name: 'web-3' })
const early = specOf({ id: 'crm-00000001' })
const late = specOf({ id: 'crm-00000002', port: 8081 })

t.test('a node in maintenance keeps out what comes to it later, over restarts, until that ends', async (t) => {
  await using plane = await RunningPlane.start()
  const instance = (id: string) => plane.get<InstanceView>(`/v1/instances/${id}`)
  const all = { state: 'maintenance', reason: 'disk', by: 'operator:anna', node }
  {
    await using agent = await AgentClient.attached(plane.url, hello)
    await agent.reported([passing(early)], { whole: true })
    t.match(await plane.heddle('maintenance', 'web-3', '--reason', 'disk'), {
      code: 0,
      out: /with crm-00000001 and what/,
    })
    await agent.reported([passing(late)])
    t.match(await instance(late.id), { routable: 'no', status: 'inactive', admission: all })
    await waitFor(() => agent.desired().admissions?.[late.id], { what: 'the word to the agent', withinMs })
    t.match(agent.desired().admissions, { [late.id]: { admission: 'maintenance', by: 'operator:anna', node: true } })
  }
  const registration = { service_name: 'job', instance_id: 'job-1', node_id: node, address: '10.0.0.1', port: 9000 }
  const body = JSON.stringify({ ...registration, health: 'healthy' })
  await fetch(`${plane.url}/cluster/register`, { method: 'POST', body })
  t.match(await instance('job-1'), { routable: 'no', admission: all })
  using tables = new DatabaseSync(plane.store, { readOnly: true })
  const status = () => tables.prepare('select status from cluster_nodes where node_id = ?').get(node)?.status
  await waitFor(status, { what: 'the table', withinMs, until: (is) => is === 'maintenance' })
  await plane.kill()
  await plane.start()
  t.match(await instance(late.id), { routable: 'no', admission: all })
  await using agent = await AgentClient.attached(plane.url, { ...hello, incarnation: 2 })
  await agent.reported([early, late].map(passing), { whole: true })
  t.match(await instance(early.id), { routable: 'no', admission: all })
  t.match(await plane.get<NodeView>(`/v1/nodes/${node}`), { admission: { state: 'maintenance', reason: 'disk' } })
  t.match(await plane.heddle('nodes'), { out: /connected .* maintenance/ })
  t.match(await plane.heddle('explain', late.id), { out: /maintenance of all that is on web-3 by operator:anna/ })

  t.match(await plane.heddle('undrain', late.id), { out: /stays maintenance, as all that is on node n-/ })
  t.match(await plane.heddle('drain', 'web-3', '--reason', 'disk', '--for', '1s'), { code: 0 })
  await waitFor(() => instance(late.id), { what: 'its end', withinMs, until: ({ routable }) => routable === 'yes' })
  t.match(await instance(early.id), { routable: 'yes', admission: { state: 'active' } })
  await waitFor(() => Object.keys(agent.desired().admissions ?? {}), {
    what: 'the end to reach the agent',
    withinMs,
    until: (admissions) => admissions.length === 0,
  })
  await waitFor(status, { what: 'the table again', withinMs, until: (is) => is === 'active' })
  t.match((await plane.heddle('events')).out, /node-admitted +n-\S+ +active: expired/)
})
