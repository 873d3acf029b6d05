import t from 'tap'
import { AgentRecorder } from '#test/support/agents/agent-recorder.ts'
import { freePort } from '#test/support/ports.ts'
import { spawnProcess } from '#test/support/process.ts'
import { RunningAgent } from '#test/support/start-agent.ts'
import { type BasicServer, startBasicServer } from '#test/support/start-basic-server.ts'
import { startOddServer } from '#test/support/start-odd-server.ts'
import { waitFor } from '#test/support/wait.ts'

// Real processes on a busy machine take their time to start.
t.setTimeout(150_000)

const http = { kind: 'http', interval: '1s' }
const service = (port: number, check: object = http) => ({ name: 'basic-server', port, checks: [check] })

async function wires(agent: RunningAgent): Promise<number> {
  return JSON.parse(await agent.page('/health')).wires
}

async function hasWire(agent: RunningAgent): Promise<void> {
  await waitFor(() => wires(agent), {
    what: 'the trip wire',
    withinMs: 20_000,
    until: (count) => count === 1,
    everyMs: 5,
  })
}

function kill(server: BasicServer): number {
  const at = performance.now()
  process.kill(server.pid ?? 0, 'SIGKILL')
  return at
}

await t.test('a killed server is told at once, whatever fall says, and is back after its restart', async (t) => {
  await using plane = await AgentRecorder.start()
  await using server = await startBasicServer({ keepAliveMs: 65_000 })
  await using agent = await RunningAgent.start({
    planes: [plane.url],
    // An interval so long that only the trip wire can tell.
    services: [service(server.port, { kind: 'http', interval: '60s', recheck: '200ms', fall: 9 })],
  })
  await plane.verdict('passing')
  const took: number[] = []
  for (let round = 0; round < 4; round += 1) {
    await hasWire(agent)
    const killedAt = kill(server)
    const { at } = await plane.verdict('critical refused', { from: killedAt })
    took.push(at - killedAt)
    await server.kill()
    await server.start()
    await plane.verdict('passing ok', { from: at })
  }
  t.comment(`kill -9 to report, in ms: ${took.map((ms) => ms.toFixed(1)).join(' ')}`)
  t.ok(Math.max(...took) < 20_000, `at most ${Math.max(...took)} ms`)
  const rounds = Array.from({ length: 4 }, () => ['critical refused', 'passing ok']).flat()
  t.strictSame(
    plane.verdicts().map(({ says }) => says),
    ['passing ok', ...rounds],
  )
})

await t.test('a stopped server is told within the bound, and is back when it goes on', async (t) => {
  await using plane = await AgentRecorder.start()
  await using server = await startBasicServer({ keepAliveMs: 65_000 })
  const check = { ...http, timeout: '2s', fall: 9 }
  await using _agent = await RunningAgent.start({ planes: [plane.url], services: [service(server.port, check)] })
  await plane.verdict('passing')
  const stoppedAt = performance.now()
  server.signal('SIGSTOP')
  const { at } = await plane.verdict('critical timeout', { from: stoppedAt })
  t.comment(`SIGSTOP to report: ${Math.round(at - stoppedAt)} ms`)
  // The first unanswered probe leaves within an interval; from then on it is the timeout and a second.
  // A machine with other work may add to that; nine failures, as fall asks, would need 27 s.
  t.ok(at - stoppedAt < 10_000)
  server.signal('SIGCONT')
  await plane.verdict('passing ok', { from: at })
})

await t.test('a stopped server that is then killed is told refused', async (t) => {
  await using plane = await AgentRecorder.start()
  await using server = await startBasicServer({ keepAliveMs: 65_000 })
  await using _agent = await RunningAgent.start({
    planes: [plane.url],
    services: [service(server.port, { ...http, timeout: '20s', interval: '100ms' })],
  })
  await plane.verdict('passing')
  const asked = (await server.stats()).health
  await waitFor(() => server.stats(), { what: 'a probe', withinMs: 20_000, until: ({ health }) => health > asked + 1 })
  server.signal('SIGSTOP')
  const killedAt = kill(server)
  const { at } = await plane.verdict('critical refused', { from: killedAt, withinMs: 10_000 })
  t.ok(at - killedAt < 15_000)
})

await t.test('a failing server is critical only after as many failures as fall says', async (t) => {
  await using plane = await AgentRecorder.start()
  await using server = await startBasicServer()
  const check = { kind: 'http', interval: '100ms', fall: 3, rise: 3 }
  await using _agent = await RunningAgent.start({ planes: [plane.url], services: [service(server.port, check)] })
  await plane.verdict('passing')
  await server.switch({ mode: 'fail' })
  const before = (await server.stats()).health
  const { at } = await plane.verdict('critical http_status status=503')
  t.ok((await server.stats()).health - before >= 2)
  await server.switch({ mode: 'warning' })
  await plane.verdict('warning', { from: at })
})

await t.test('a server under another name is critical at once, and both are named', async (t) => {
  await using plane = await AgentRecorder.start()
  await using server = await startBasicServer()
  const check = { kind: 'http', interval: '100ms', fall: 9, rise: 1 }
  await using _agent = await RunningAgent.start({ planes: [plane.url], services: [service(server.port, check)] })
  await plane.verdict('passing')
  await server.switch({ name: 'billing' })
  const { at } = await plane.verdict('critical identity_mismatch answered=billing expected=basic-server')
  await server.switch({ name: 'basic-server' })
  await plane.verdict('passing', { from: at })
  t.ok(at)
})

for (const idleMs of [0, 300, 700]) {
  await t.test(
    `a server that closes connections after ${idleMs} ms idle gets no storm and no false verdict`,
    async (t) => {
      await using plane = await AgentRecorder.start()
      await using server = await startOddServer({ idleMs })
      await using agent = await RunningAgent.start({ planes: [plane.url], services: [service(server.port)] })
      const startedAt = performance.now()
      await plane.verdict('passing')
      const seen = await waitFor(() => server.ask(1_000), {
        what: 'nine requests',
        withinMs: 15_000,
        until: ({ requests }) => requests >= 9 + 10,
        everyMs: 200,
      }).catch(async () => server.ask(1_000))
      const intervals = Math.ceil((performance.now() - startedAt) / 1_000)
      const probes = JSON.parse(await agent.page('/health')).instances[0].checks[0].probes
      t.comment(`${probes} probes in ${intervals} intervals`)
      t.ok(probes <= 2 * intervals + 2, `${probes} probes in ${intervals} intervals`)
      t.ok(probes >= intervals / 2)
      t.ok(seen.requests > probes)
      t.strictSame([...new Set(plane.verdicts().map(({ says }) => says))], ['passing ok'])
    },
  )
}

await t.test('a single-threaded server is not blocked by the agent, and never called sick', async (t) => {
  await using plane = await AgentRecorder.start()
  await using server = await startOddServer({ single: true })
  await using agent = await RunningAgent.start({ planes: [plane.url], services: [service(server.port)] })
  await plane.verdict('passing')
  const took: number[] = []
  const probes = async () => JSON.parse(await agent.page('/health')).instances[0].checks[0].probes
  while ((await probes()) < 5) took.push((await server.ask(5_000)).tookMs)
  took.sort((a, b) => b - a)
  t.comment(`slowest of ${took.length} requests of others, in ms: ${took.slice(0, 3).map(Math.round).join(' ')}`)
  t.ok((took[0] ?? 0) < 1_000, 'held up for a moment at most')
  t.equal(await wires(agent), 0)
  t.strictSame([...new Set(plane.verdicts().map(({ says }) => says))], ['passing ok'])
})

await t.test("Python's own single-threaded server is not blocked either", async (t) => {
  const script = [
    'import http.server, sys',
    'class H(http.server.BaseHTTPRequestHandler):',
    '  protocol_version = "HTTP/1.1"',
    '  def do_GET(self):',
    '    self.send_response(200); self.send_header("Content-Length", "2"); self.end_headers(); self.wfile.write(b"OK")',
    '  def log_message(self, *a): pass',
    's = http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), H)',
    'print("listening", flush=True)',
    's.serve_forever()',
  ].join('\n')
  const port = await freePort()
  await using python = await spawnProcess('python3', ['-c', script, String(port)])
  await python.ready('its first line', 10_000, () => python.output.includes('listening'))
  await using plane = await AgentRecorder.start()
  await using agent = await RunningAgent.start({ planes: [plane.url], services: [service(port)] })
  await plane.verdict('passing')
  const probes = async () => JSON.parse(await agent.page('/health')).instances[0].checks[0].probes
  let slowest = 0
  while ((await probes()) < 4) {
    const startedAt = performance.now()
    const response = await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: 'close' } })
    await response.text()
    slowest = Math.max(slowest, performance.now() - startedAt)
  }
  t.comment(`slowest request of others: ${Math.round(slowest)} ms`)
  t.ok(slowest < 1_000)
  t.strictSame([...new Set(plane.verdicts().map(({ says }) => says))], ['passing ok'])
})

await t.test('a hung server does not delay the checks of its neighbours', async (t) => {
  await using plane = await AgentRecorder.start()
  await using hung = await startBasicServer({ name: 'hung' })
  await using one = await startBasicServer({ name: 'one' })
  await using two = await startBasicServer({ name: 'two' })
  const check = { kind: 'http', interval: '200ms', timeout: '1s' }
  await using agent = await RunningAgent.start({
    planes: [plane.url],
    services: [hung, one, two].map(({ name, port }) => ({ name, port, checks: [check] })),
  })
  await plane.until(() => plane.verdicts().filter(({ says }) => says === 'passing ok').length, {
    what: 'all passing',
    withinMs: 20_000,
    until: (count) => count >= 3,
  })
  const late = async (name: string) => {
    const page = await agent.page('/metrics')
    const match = new RegExp(`^heddle_agent_check_late_max_seconds\\{[^}]*service="${name}"\\} (.*)$`, 'm').exec(page)
    return Number(match?.[1]) * 1000
  }
  const asked = (await one.stats()).health
  await hung.switch({ mode: 'hang' })
  await plane.verdict('critical timeout')
  await waitFor(() => one.stats(), {
    what: 'more probes',
    withinMs: 20_000,
    until: ({ health }) => health >= asked + 5,
  })
  for (const name of ['one', 'two']) {
    const ms = await late(name)
    t.comment(`checks of ${name} were at most ${ms.toFixed(1)} ms late`)
    // A busy machine delays everyone a little; waiting for the hung one would be half a second at least.
    t.ok(ms < 250)
  }
})

await t.test('a tcp check leaves no wire, and tells what refuses', async (t) => {
  await using plane = await AgentRecorder.start()
  await using server = await startBasicServer()
  await using agent = await RunningAgent.start({
    planes: [plane.url],
    services: [service(server.port, { kind: 'tcp', interval: '200ms' })],
  })
  await plane.verdict('passing')
  t.equal(await wires(agent), 0)
  kill(server)
  await plane.verdict('critical refused')
})
