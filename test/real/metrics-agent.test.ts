import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import t from 'tap'
import { startAgentsPlane } from '#test/support/agents/agents-plane.ts'
import { RunningAgent } from '#test/support/start-agent.ts'
import { waitFor } from '#test/support/wait.ts'

// Real processes on a busy machine take their time to start; an agent tells its metrics every 15 s.
t.setTimeout(120_000)

/** A healthy service whose metrics page does as it is told. */
async function startService(t: { teardown: (end: () => unknown) => void }) {
  const page: { answer: (response: ServerResponse) => void; asked: number } = {
    answer: (to) => to.end('a 1\n'),
    asked: 0,
  }
  const sockets = new Set<Socket>()
  const server = createServer((request, response) => {
    if (request.url === '/health') response.end('{"status": "UP", "service": "crm"}')
    else {
      page.asked += 1
      page.answer(response)
    }
  })
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    return new Promise((resolve) => server.close(resolve))
  })
  return { page, port: (server.address() as AddressInfo).port }
}

type Health = {
  readonly instances: readonly { readonly id: string; readonly health: string; readonly for_ms: number }[]
  readonly metrics: {
    readonly pages: readonly { readonly instance: string; readonly state: string; readonly why?: string }[]
    readonly dropped: Readonly<Record<string, number>>
  }
}

await t.test('whatever a page does, the instance stays healthy, and what can be told reaches the plane', async (t) => {
  await using plane = await startAgentsPlane()
  const bad = await startService(t)
  const good = await startService(t)
  good.page.answer = (response) =>
    response.end(JSON.stringify('queue_length 3\ncpu_usage 12.5\nbroken NaN\nhost_load 99\n'))
  const metrics = { interval: '1s' }
  await using agent = await RunningAgent.start({
    planes: [plane.url],
    services: [
      { name: 'crm', instance: 'bad', port: bad.port, checks: [{ kind: 'http', interval: '1s' }], metrics },
      { name: 'crm', instance: 'good', port: good.port, metrics },
      { name: 'unspoken', port: 1, checks: [{ kind: 'tcp' }] },
    ],
  })
  const health = async (): Promise<Health> => JSON.parse(await agent.page('/health'))
  const until = (what: string, fits: (seen: Health) => boolean) =>
    waitFor(health, { what, withinMs: 30_000, until: fits })
  const { instances } = await until(
    'both to be healthy',
    (seen) => seen.instances.filter(({ health }) => health === 'passing').length === 2,
  )
  t.equal(instances.length, 3)
  const bads = instances.find(({ id, health }) => id.startsWith('crm-') && health === 'passing')?.id
  t.ok(bads)

  for (const [what, answer] of [
    ['http 500', (to: ServerResponse) => to.writeHead(500).end('error')],
    ['timeout', () => {}],
    ['no numbers in it', (to: ServerResponse) => to.end('<!doctype html>\nDOWN\n')],
    ['ECONNRESET', (to: ServerResponse) => to.socket?.resetAndDestroy()],
  ] as const) {
    bad.page.answer = answer
    // Each change of the configuration begins anew, so that nothing waits for the next attempt.
    await agent.configure([
      {
        name: 'crm',
        instance: 'bad',
        port: bad.port,
        checks: [{ kind: 'http', interval: '1s' }],
        metrics: { ...metrics, keep: [what] },
      },
      { name: 'crm', instance: 'good', port: good.port, metrics },
    ])
    agent.signal('SIGHUP')
    const seen = await until(`the page to be seen: ${what}`, ({ metrics }) =>
      metrics.pages.some(({ why }) => why === what),
    )
    t.strictSame(
      seen.instances.map(({ health }) => health),
      ['passing', 'passing'],
      what,
    )
  }

  const wanted = ['queue_length', 'process_threads', 'host_files', 'check_duration', 'process_restarts']
  await waitFor(() => plane.heard.metrics.map(({ name }) => name), {
    what: 'the metrics of the page, of the host and of the process at the plane',
    withinMs: 40_000,
    until: (names) => wanted.every((name) => names.includes(name)),
  })
  t.ok(
    plane.heard.metrics.every(({ name, value }) => name !== 'host_load' || value !== 99),
    'no page speaks for the host',
  )
  const { metrics: pages } = await health()
  t.ok((pages.dropped.not_finite ?? 0) > 0)
  t.ok((pages.dropped.reserved ?? 0) > 0)
  const own = await agent.page('/metrics')
  t.match(own, /^heddle_agent_page_dropped_total\{cause="not_finite"\} [1-9]/m)
  t.match(own, /^heddle_agent_page_read\{instance="crm-[^"]+"\} 1$/m)
})
