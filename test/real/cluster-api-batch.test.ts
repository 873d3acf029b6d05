import { monitorEventLoopDelay } from 'node:perf_hooks'
import t from 'tap'
import { nodeId, specOf } from '#test/support/agents/agent-client.ts'
import { type ClusterPlane, realRegistration, startClusterPlane } from '#test/support/cluster-plane.ts'

type Result = {
  index: number
  op: string
  code: number
  success: boolean
  status: string
  error: string
  field: string
}

function registrations(count: number, more: (index: number) => object = () => ({})) {
  return Array.from({ length: count }, (_, index) => ({
    op: 'register',
    ...realRegistration,
    instance_id: `c-${String(index).padStart(5, '0')}`,
    port: 1_000 + index,
    ...more(index),
  }))
}

async function batch(plane: ClusterPlane, operations: readonly unknown[]) {
  const { status, body } = await plane.call('POST', '/cluster/batch', { operations })
  return { status, body, results: body.results as Result[] }
}

t.test('a thousand operations in one call are a thousand results, in their order, and share a commit', async (t) => {
  await using plane = await startClusterPlane()
  const first = await batch(plane, registrations(1_000))
  t.equal(first.status, 200)
  t.match(first.body, { success: true, total: 1_000, succeeded: 1_000, failed: 0 })
  t.match(first.results[17], { index: 17, op: 'register', code: 201, service_id: 'c-00017', status: 'registered' })
  t.equal(plane.fleet.instances.size, 1_000)
  t.equal(plane.journal.kindsOf('alibaba-cloud').length, 1, 'their node joins once')
  t.equal(plane.journal.commits, 1)
  const registered = plane.journal.entries.flatMap(({ event: { change } }) =>
    change.kind === 'registered' ? [change.instance] : [],
  )
  t.strictSame(
    registered,
    registrations(1_000).map(({ instance_id: id }) => id),
    'in their order',
  )
  const beats = await batch(
    plane,
    registrations(1_000).map(({ instance_id: id }) => ({ op: 'heartbeat', id, metrics: { cpu_usage: 1 } })),
  )
  t.ok(beats.results.every(({ status, code }) => code === 200 && status === 'active'))
  t.equal(plane.metrics.length, 1_000)
  t.equal(plane.journal.commits, 2)
  const nameless = Array.from({ length: 200 }, (_, index) => ({
    op: 'register',
    name: 'x',
    host: '10.0.0.1',
    port: 1 + index,
  }))
  t.match((await batch(plane, nameless)).body, { succeeded: 200 })
  t.equal(plane.journal.commits, 3, 'nor does one without an id wait for another')
})

t.test('each operation has a result of its own: what is wrong with one does not touch the others', async (t) => {
  await using plane = await startClusterPlane()
  const by = { by: `agent:${nodeId(1)}` }
  await plane.journal.record(
    { kind: 'registered', instance: 'mine', spec: specOf({ id: 'mine' }), node: nodeId(1), origin: 'agent' },
    by,
  )
  const { status, body, results } = await batch(plane, [
    { op: 'register', ...realRegistration },
    { action: 'heartbeat', instance_id: realRegistration.instance_id, health: 'warning' },
    { op: 'register', service_name: 'x' },
    { op: 'heartbeat', id: 'nobody' },
    { op: 'heartbeat', id: 'mine' },
    { op: 'explode', id: 'a' },
    'text',
    { op: 'metrics', id: realRegistration.instance_id, metrics: { cpu_usage: 'high' } },
    { operation: 'metrics', service_id: realRegistration.instance_id, metrics: { cpu_usage: 1 } },
    { op: 'register', body: { Name: 'web', Port: 80, Address: '10.0.0.3' } },
    { op: 'deregister', id: realRegistration.instance_id },
    { op: 'deregister', id: realRegistration.instance_id },
    { op: 'deregister' },
  ])
  t.equal(status, 207)
  t.match(body, { success: false, total: 13, succeeded: 6, failed: 7 })
  t.strictSame(
    results.map(({ code }) => code),
    [201, 200, 400, 404, 403, 400, 400, 400, 200, 201, 200, 200, 400],
  )
  t.match(results, [
    { status: 'registered' },
    { status: 'active', health_status: 'warning' },
    { field: 'instance_id', success: false, remedy: /.+/ },
    { field: 'id' },
    { field: 'instance_id' },
    { field: 'op' },
    { field: '(operation)' },
    { field: 'metrics.cpu_usage' },
    { accepted: 1 },
    { service_id: 'web' },
    { removed: true },
    { removed: false },
    { field: 'id' },
  ])
  t.strictSame([...plane.fleet.instances.keys()], ['mine', 'web'])
})

t.test('what others change while a batch is read is not overwritten by it', async (t) => {
  await using plane = await startClusterPlane()
  await batch(plane, registrations(1_000))
  const beats = registrations(1_000).map(({ instance_id: id }) => ({ op: 'heartbeat', id, health: 'warning' }))
  const going = batch(plane, beats)
  const others = registrations(1_000).filter((_, index) => index % 100 === 99)
  const answers = others.map(({ instance_id: id }) => plane.call('DELETE', `/cluster/deregister/${id}`))
  const all = await Promise.all(answers)
  t.ok(all.every(({ status }) => status === 200))
  const { results } = await going
  t.ok(results.every(({ code }) => code === 200 || code === 404))
  t.equal(plane.fleet.instances.size, 990)
})

t.test('where nothing could be done the answer says so as a whole', async (t) => {
  await using plane = await startClusterPlane()
  await plane.call('POST', '/cluster/register', realRegistration)
  const known = { op: 'heartbeat', id: realRegistration.instance_id }
  t.equal((await batch(plane, [known, { op: 'heartbeat', id: 'a' }])).status, 207)
  plane.journal.writable = false
  t.equal((await batch(plane, registrations(3))).status, 503)
  t.equal((await batch(plane, [{ op: 'heartbeat', id: 'a' }])).status, 404)
  t.match(await batch(plane, []), { status: 200, body: { success: true, total: 0 } })
  t.match(await plane.call('POST', '/cluster/batch', registrations(1_001)), {
    status: 400,
    body: { field: 'operations' },
  })
  t.match(await plane.call('POST', '/cluster/batch', { operations: 'all' }), {
    status: 400,
    body: { field: 'operations' },
  })
  t.match(await plane.call('POST', '/cluster/batch'), { status: 400, body: { field: 'operations' } })
})

t.test(
  'ten thousand instances are listed page by page without gap or repetition, counted, and block nobody',
  async (t) => {
    await using plane = await startClusterPlane()
    for (let from = 0; from < 10_000; from += 1_000) {
      const some = registrations(10_000, (index) => ({
        service_name: `service-${index % 50}`,
        service_type: index % 2 === 0 ? 'auth' : 'ai-service',
        address: `10.1.${index >> 8}.${index & 255}`,
        port: 8080,
        metadata: { cluster_id: index % 4 === 0 ? 'looma' : 'zervigo' },
      })).slice(from, from + 1_000)
      t.equal((await batch(plane, some)).status, 200)
    }
    t.match(await plane.call('GET', '/cluster/status'), {
      body: {
        services: { total: 10_000, names: 50, by_status: { registered: 10_000 }, by_health: { unknown: 10_000 } },
        conflicts: [],
        conflicts_total: 0,
      },
    })
    const delay = monitorEventLoopDelay({ resolution: 5 })
    delay.enable()
    const ids: string[] = []
    let cursor: string | null = ''
    while (cursor !== null) {
      const { body } = await plane.call('GET', `/cluster/services?limit=1000&cursor=${cursor}`)
      t.equal(body.total, 10_000)
      ids.push(...(body.services as { service_id: string }[]).map(({ service_id }) => service_id))
      cursor = body.next_cursor as string | null
    }
    t.strictSame(ids, [...plane.fleet.instances.keys()].sort())
    t.match(await plane.call('GET', '/cluster/services?type=auth&cluster_id=looma&limit=1'), { body: { total: 2_500 } })
    t.match(await plane.call('GET', '/cluster/services?service_name=service-7&offset=199'), {
      body: { total: 200, next_offset: null, services: [{ service_name: 'service-7' }] },
    })
    delay.disable()
    t.comment(`longest block of client and plane together: ${(delay.max / 1e6).toFixed(1)} ms`)
  },
)

t.test('a page ends early where rows are long, and the next goes on from there', async (t) => {
  await using plane = await startClusterPlane()
  const long = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`k${index}`, 'x'.repeat(2_000)]))
  for (let index = 0; index < 12; index += 1) {
    const registration = { ...realRegistration, instance_id: `long-${String(index).padStart(2, '0')}`, port: 1 + index }
    t.equal((await plane.call('POST', '/cluster/register', { ...registration, metadata: long })).status, 201)
  }
  const ids: string[] = []
  let pages = 0
  let query = '?limit=1000'
  while (pages < 20) {
    const { body } = await plane.call('GET', `/cluster/services${query}`)
    pages += 1
    ids.push(...(body.services as { service_id: string }[]).map(({ service_id }) => service_id))
    if (body.next_offset === null) break
    t.equal(body.next_offset, ids.length)
    query = `?limit=1000&offset=${body.next_offset}`
  }
  t.equal(new Set(ids).size, 12)
  t.ok(pages > 1 && pages < 12, `${pages} pages`)
})
