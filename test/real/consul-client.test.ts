import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { ConsulClient, type ConsulOptions } from '#control-plane/consul/client.ts'
import { explainError } from '#shared/failure/failure.ts'
import { startConsul } from '#test/support/consul.ts'
import { temporaryFolder } from '#test/support/folder.ts'
import { programOf } from '#test/support/parts.ts'
import { freePorts } from '#test/support/ports.ts'
import { spawnProcess } from '#test/support/process.ts'

t.setTimeout(60_000)
const meta = { key: 'heddle-owner', value: 'heddle' }

function clientOf(address: string, options: Partial<ConsulOptions> = {}): ConsulClient {
  return new ConsulClient({ datacenter: 'zervigo-dc', address, timeoutMs: 2_000, mostSockets: 4, ...options })
}

await t.test('a Consul of another datacenter refuses every call', async (t) => {
  await using consul = await startConsul({ datacenter: 'looma-dc' })
  using client = clientOf(consul.url)
  const code = 'CONSUL_WRONG_DATACENTER'
  await t.rejects(client.verify(), { code, message: /zervigo-dc knows only of looma-dc/ })
  await t.rejects(client.readKey('a'), { code })
  await t.rejects(client.node('a'), { code })
  await t.rejects(Array.fromAsync(client.nodes(meta)), { code })
  await t.rejects(client.transact([{ KV: { Verb: 'set', Key: 'a', Value: '' } }]), { code })
  t.strictSame(await consul.request('GET', '/v1/kv/?keys').catch(() => []), [])
})

await t.test('a transaction is done whole or not at all, and names what was in its way', async (t) => {
  await using consul = await startConsul({ datacenter: 'zervigo-dc' })
  using client = clientOf(consul.url)
  const node = (Node: string) =>
    ({ Node: { Verb: 'cas', Node: { Node, Address: '10.0.0.1', ModifyIndex: 0 } } }) as const
  const first = await client.transact([node('a'), node('b')])
  t.match(first, { kind: 'done', indexes: [Number, Number] })
  const second = await client.transact([node('c'), node('a'), { KV: { Verb: 'check-index', Key: 'k', Index: 1 } }])
  t.match(second, {
    kind: 'refused',
    errors: [
      { index: 1, kind: 'stale' },
      { index: 2, kind: 'stale' },
    ],
  })
  t.equal(await client.node('c'), undefined)
  const many = Array.from({ length: 65 }, (_, i) => node(`n-${i}`))
  t.match(await client.transact(many), { kind: 'too-large' })
})

await t.test('a list of many records is read piece by piece', async (t) => {
  await using consul = await startConsul({ datacenter: 'zervigo-dc' })
  using client = clientOf(consul.url)
  const Meta = { 'heddle-owner': 'heddle', 名: '值"\\' }
  for (let batch = 0; batch < 8; batch += 1) {
    await client.transact(
      Array.from({ length: 60 }, (_, i) => ({
        Node: { Verb: 'cas', Node: { Node: `n-${batch}-${i}`, Address: '10.0.0.1', Meta, ModifyIndex: 0 } },
      })),
    )
  }
  const groups = await Array.fromAsync(client.nodes(meta))
  t.ok(groups.length > 1)
  t.equal(groups.flat().length, 480)
  t.match(groups.flat()[0], { meta: Meta })
})

await t.test('nobody answers: every call ends at its deadline, worth another try', async (t) => {
  await using silent = await listen(() => {})
  using client = clientOf(silent.url, { timeoutMs: 200 })
  const startedAt = performance.now()
  const unreachable = { code: 'CONSUL_UNREACHABLE', retryable: true }
  await Promise.all([
    t.rejects(client.readKey('a'), unreachable),
    t.rejects(client.node('a'), unreachable),
    t.rejects(client.transact([{ KV: { Verb: 'set', Key: 'a', Value: '' } }]), unreachable),
  ])
  t.ok(performance.now() - startedAt < 8_000)
  using refused = clientOf('http://127.0.0.1:1')
  await t.rejects(refused.readKey('a'), unreachable)
  await t.rejects(refused.transact([]), unreachable)
})

await t.test('a list of which nothing more comes is given up, long before its deadline', async (t) => {
  await using silent = await listen((request, response) => {
    response.setHeader('x-consul-index', '7')
    // One says nothing at all, the other breaks off in the midst.
    if (request.url?.includes('nodes')) response.write('[{"Node": "a", "Address": "10.0.0.1", "Mo')
  })
  using client = clientOf(silent.url, { timeoutMs: 200 })
  const startedAt = performance.now()
  const unreachable = { code: 'CONSUL_UNREACHABLE', retryable: true }
  await Promise.all([
    t.rejects(Array.fromAsync(client.nodes(meta)), unreachable),
    t.rejects(Array.fromAsync(client.checks(meta)), unreachable),
  ])
  t.ok(performance.now() - startedAt < 20_000)
})

await t.test('a call that is broken off ends at once, with the reason', async (t) => {
  await using silent = await listen(() => {})
  using client = clientOf(silent.url)
  const stop = new AbortController()
  const calls: readonly Promise<unknown>[] = [
    client.readKey('a', { signal: stop.signal }),
    client.watchServices(meta, 7, 60_000, stop.signal),
    client.transact([], stop.signal),
  ]
  const startedAt = performance.now()
  stop.abort(new Error('we stop'))
  for (const call of calls) await t.rejects(call, { message: 'we stop' })
  t.ok(performance.now() - startedAt < 8_000)
})

await t.test('what is no Consul is said to be none, and is not taken for an empty one', async (t) => {
  await using other = await listen((_, response) => response.end('<html>hello</html>'))
  using client = clientOf(other.url)
  const calls: readonly (() => Promise<unknown>)[] = [
    () => client.verify(),
    () => client.readKey('a'),
    () => client.node('a'),
    () => client.serviceNames(meta),
    () => client.transact([]),
    () => Array.fromAsync(client.nodes(meta)),
  ]
  for (const call of calls) await t.rejects(call(), { code: 'CONSUL_REFUSED', message: /is no Consul/ })
  await using shorter = await listen((_, response) => {
    response.setHeader('x-consul-index', '1')
    response.end('[{"Node":"a"},{"No')
  })
  using cut = clientOf(shorter.url)
  await t.rejects(Array.fromAsync(cut.nodes(meta)), { code: 'CONSUL_REFUSED' })
})

await t.test('connections are kept, and never more than they may be', async (t) => {
  let most = 0
  let open = 0
  let made = 0
  await using server = await listen(
    (_, response) => setTimeout(() => response.end('{"Results":[]}'), 5),
    (socket) => {
      made += 1
      open += 1
      most = Math.max(most, open)
      socket.on('close', () => {
        open -= 1
      })
    },
  )
  using client = clientOf(server.url, { mostSockets: 3 })
  await Promise.all(Array.from({ length: 40 }, () => client.transact([])))
  await Promise.all(Array.from({ length: 40 }, () => client.transact([])))
  t.equal(most, 3)
  t.equal(made, 3)
})

await t.test('the token goes with every request and is in no failure', async (t) => {
  await using folder = await temporaryFolder('token')
  const tokenFile = join(folder.path, 'token')
  await writeFile(tokenFile, 'very-secret\n', { mode: 0o600 })
  const seen = new Set<unknown>()
  await using server = await listen((request, response) => {
    seen.add(request.headers['x-consul-token'])
    response.statusCode = 403
    response.end('Permission denied')
  })
  using client = clientOf(server.url, { tokenFile })
  const calls: readonly (() => Promise<unknown>)[] = [
    () => client.verify(),
    () => client.readKey('a'),
    () => client.node('a'),
    () => client.transact([]),
    () => Array.fromAsync(client.nodes(meta)),
  ]
  for (const call of calls) {
    const error: unknown = await call().catch((failure: unknown) => failure)
    t.match(error, { code: 'CONSUL_FORBIDDEN' })
    t.notMatch(explainError(error), /secret/)
    t.notMatch(JSON.stringify(error, Object.getOwnPropertyNames(error)), /secret/)
  }
  t.strictSame([...seen], ['very-secret'])
  using without = clientOf(server.url, { tokenFile: join(folder.path, 'nowhere') })
  await t.rejects(without.readKey('a'), { code: 'CONSUL_TOKEN_UNREADABLE' })
})

await t.test('over TLS a server is believed only if our authority signed for it', async (t) => {
  await using folder = await temporaryFolder('tls')
  const { url, caFile } = await startTlsConsul(t, folder.path)
  using client = clientOf(url, { caFile })
  await client.verify()
  t.match(await client.transact([{ KV: { Verb: 'set', Key: 'a', Value: 'YQ==' } }]), { kind: 'done' })
  t.match(await client.readKey('a'), { value: 'a' })
  t.strictSame((await Array.fromAsync(client.nodes(meta))).flat(), [])
  using stranger = clientOf(url)
  await t.rejects(stranger.verify(), { code: 'CONSUL_UNREACHABLE' })
  await t.rejects(stranger.transact([]), { code: 'CONSUL_UNREACHABLE' })
  t.throws(() => clientOf(url, { caFile: join(folder.path, 'nowhere') }), { code: 'CONSUL_CA_UNREADABLE' })
})

type Handler = Parameters<typeof createServer>[1]

async function listen(handler: Handler, onConnection?: (socket: import('node:net').Socket) => void) {
  const server = createServer(handler)
  if (onConnection) server.on('connection', onConnection)
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: () => {
      server.closeAllConnections()
      return new Promise<void>((resolve) => {
        server.close(() => resolve())
      })
    },
  }
}

/** A Consul that speaks HTTPS, with a certificate of its own authority. */
async function startTlsConsul(t: Test, folder: string) {
  const program = programOf('consul')
  const run = promisify(execFile)
  await run(program, ['tls', 'ca', 'create'], { cwd: folder })
  await run(program, ['tls', 'cert', 'create', '-server', '-dc', 'zervigo-dc'], { cwd: folder })
  const [https = 0, server = 0, serf_lan = 0] = await freePorts(3)
  const file = (name: string) => join(folder, name)
  await writeFile(
    file('consul.json'),
    JSON.stringify({
      datacenter: 'zervigo-dc',
      server: true,
      bootstrap_expect: 1,
      data_dir: file('data'),
      bind_addr: '127.0.0.1',
      ports: { http: -1, https, dns: -1, grpc: -1, serf_wan: -1, server, serf_lan },
      cert_file: file('zervigo-dc-server-consul-0.pem'),
      key_file: file('zervigo-dc-server-consul-0-key.pem'),
      performance: { raft_multiplier: 1 },
      log_level: 'warn',
    }),
  )
  const consul = await spawnProcess(program, ['agent', '-config-file', file('consul.json')], {
    name: 'consul with TLS',
    cwd: folder,
  })
  t.teardown(() => consul.stop())
  const caFile = file('consul-agent-ca.pem')
  const url = `https://127.0.0.1:${https}`
  await consul.ready('a leader', 20_000, async () => {
    using client = clientOf(url, { caFile })
    return (await client.transact([{ KV: { Verb: 'set', Key: 'ready', Value: '' } }])).kind === 'done'
  })
  return { url, caFile }
}
