import { type AddressInfo, createServer } from 'node:net'
import t from 'tap'
import { Metric } from '#shared/protocol/messages.ts'
import { freePort } from '#test/support/ports.ts'
import { startBasicServer } from '#test/support/start-basic-server.ts'
import { waitFor } from '#test/support/wait.ts'
import { HostMeter } from './read-host.ts'
import { ProcessMeter } from './read-process.ts'

t.test('the host is measured, and what needs two readings comes with the second', async (t) => {
  const meter = new HostMeter()
  const first = (await meter.measure()).map(({ name }) => name)
  t.strictSame(first, ['host_memory_usage', 'host_disk_usage', 'host_load', 'host_files'])
  const names = ['host_cpu_usage', ...first, 'host_bytes_in', 'host_bytes_out']
  const second = await waitFor(() => meter.measure(), {
    what: 'time to pass',
    withinMs: 10_000,
    until: (all) => all.length === 7,
  })
  t.strictSame(
    second.map(({ name }) => name),
    names,
  )
  for (const metric of second) {
    Metric.parse(metric)
    t.ok(metric.value >= 0 && (metric.unit !== 'percent' || metric.value <= 100), metric.name)
  }
})

t.test('the process behind a port is measured, and forgotten with its instance', async (t) => {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  const { port } = server.address() as AddressInfo
  const meter = new ProcessMeter()
  const first = await meter.measure([{ id: 'crm-1', port }])
  t.match(first, [
    { instance: 'crm-1', name: 'process_memory', unit: 'bytes' },
    { instance: 'crm-1', name: 'process_files', unit: 'count' },
    { instance: 'crm-1', name: 'process_threads', unit: 'count' },
    { instance: 'crm-1', name: 'process_restarts', unit: 'count', value: 0 },
  ])
  const memory = first[0]?.value ?? 0
  t.ok(Math.abs(memory - process.memoryUsage.rss()) < memory / 2)
  const second = await meter.measure([{ id: 'crm-1', port }])
  t.match(second[0], { instance: 'crm-1', name: 'process_cpu_usage', unit: 'percent' })
  t.strictSame(await meter.measure([]), [])
  t.equal((await meter.measure([{ id: 'crm-1', port }])).length, 4)
})

t.test('a process that is replaced is a restart, a pause of it is none', async (t) => {
  const meter = new ProcessMeter()
  const port = await freePort()
  const restarts = async () => {
    const metrics = await meter.measure([{ id: 'crm-1', port }])
    return metrics.find(({ name }) => name === 'process_restarts')?.value
  }
  for (const count of [0, 1]) {
    await using server = await startBasicServer({ port })
    t.equal(await restarts(), count)
    t.equal(await restarts(), count, 'once')
    await server.kill()
    t.equal(await restarts(), undefined)
  }
})

t.test('a port that nobody listens on measures nothing', async (t) => {
  const meter = new ProcessMeter()
  t.strictSame(await meter.measure([{ id: 'gone-1', port: 1 }]), [])
})
