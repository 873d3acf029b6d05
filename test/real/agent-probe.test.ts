import { join } from 'node:path'
import t from 'tap'
import { startConsul } from '#test/support/consul.ts'
import { nginxConfiguration, startNginx } from '#test/support/nginx.ts'
import { missingParts, projectFolder } from '#test/support/parts.ts'
import { freePort } from '#test/support/ports.ts'
import { spawnProcess } from '#test/support/process.ts'
import { startBasicServer } from '#test/support/start-basic-server.ts'
import { startOddServer } from '#test/support/start-odd-server.ts'

// Real processes on a busy machine take their time to start.
t.setTimeout(90_000)

/** What `heddle-agent probe` prints and its exit code. */
async function probe(...args: readonly string[]) {
  await using running = await spawnProcess(process.execPath, [join(projectFolder, 'agent/main.ts'), 'probe', ...args])
  const { code } = await running.exited
  return { code, output: running.output }
}

const patient = ['--timeout', '20s'] as const

await t.test('a server is shown with its words, its verdict and its wire; the exit code says how it is', async (t) => {
  await using server = await startBasicServer({ name: 'user-service' })
  const url = `${server.url}/health`
  const good = await probe(url, '--service', 'user-service', ...patient)
  t.equal(good.code, 0)
  for (const line of [
    `asked      GET /health of 127.0.0.1:${server.port}`,
    'name       user-service, as expected',
    'verdict    passing: ok',
  ]) {
    t.ok(good.output.split('\n').includes(line), line)
  }
  t.match(good.output, /^answer {5}200 in \d+\.\d ms, \d+ bytes$/m)
  t.match(good.output, /^words {6}status = healthy {2}good$/m)
  t.match(good.output, /^trip wire {2}(kept|not yet): /m)
  t.notOk(good.output.includes('\u001b'), 'no colours where there is no terminal')

  await server.switch({ mode: 'warning' })
  t.match(await probe(url, ...patient), { code: 1, output: /verdict {4}warning: body_status word=warning/ })
  await server.switch({ mode: 'fail' })
  t.match(await probe(url, ...patient), { code: 2, output: /verdict {4}critical: http_status status=503/ })
  await server.switch({ mode: 'ok' })
  t.match(await probe(url, '--service', 'billing', ...patient), {
    code: 2,
    output: /user-service, but billing is expected.*identity_mismatch answered=user-service expected=billing/s,
  })
  await server.switch({ mode: 'hang' })
  t.match(await probe(url, '--timeout', '300ms'), { code: 2, output: /critical: timeout.*no complete answer/s })
})

await t.test('for scripts it is JSON, and a port is a check too', async (t) => {
  await using server = await startBasicServer({ name: 'user-service' })
  const { code, output } = await probe('--json', server.url, ...patient)
  t.equal(code, 0)
  t.match(JSON.parse(output), {
    asked: { kind: 'http', port: server.port, path: '/health' },
    status: 200,
    names: ['user-service'],
    words: [{ path: 'status', word: 'healthy', meaning: 'good' }],
    health: 'passing',
    reason: { code: 'ok' },
  })
  t.match(await probe(`tcp://127.0.0.1:${server.port}`, ...patient), {
    code: 0,
    output: /asked {6}tcp of .*passing: ok/s,
  })
  const closed = await freePort()
  t.match(await probe(`tcp://127.0.0.1:${closed}`, ...patient), { code: 2, output: /critical: refused/ })
  t.match(await probe(`redis://127.0.0.1:${closed}`, ...patient), {
    code: 2,
    output: /asked {6}redis of .*critical: refused/s,
  })
})

await t.test('a server that serves one connection at a time gets no wire, and it says so', async (t) => {
  await using odd = await startOddServer({ single: true })
  t.match(await probe(`http://127.0.0.1:${odd.port}/`, ...patient), {
    code: 0,
    output: /trip wire {2}(none: the server answers nobody else beside an idle connection|not yet: )/,
  })
})

await t.test('a wrong command line is told apart from a sick server', async (t) => {
  t.match(await probe(), { code: 3, output: /One address is needed.*Usage: heddle-agent probe/s })
  t.match(await probe('ftp://x'), { code: 3, output: /no address of a known kind/ })
  t.match(await probe('--help'), { code: 0, output: /^Usage: heddle-agent probe/ })
})

const missing = missingParts(['nginx', 'consul'])
const skip = missing.length > 0 && `${missing.join(', ')} is not on this machine`

await t.test('what stands in front of servers, and a registry, are read as they are', { skip }, async (t) => {
  const port = await freePort()
  const conf = nginxConfiguration(`server {
  listen 127.0.0.1:${port};
  location = /health { default_type text/plain; return 200 "healthy\\n"; }
}`)
  await using _nginx = await startNginx({ conf })
  t.match(await probe(`http://127.0.0.1:${port}/health`, ...patient), {
    code: 0,
    output: /words {6}healthy {2}good.*passing: ok/s,
  })
  t.match(await probe(`http://127.0.0.1:${port}/nothing`, ...patient), {
    code: 0,
    output: /no_health_endpoint status=404/,
  })
  await using consul = await startConsul({ datacenter: 'zervigo-dc' })
  t.match(await probe(`${consul.url}/v1/status/leader`, ...patient), { code: 1, output: /warning: unknown_word/ })
})
