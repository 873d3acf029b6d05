import { connect } from 'node:net'
import t from 'tap'
import { portOwner } from '#test/support/port-owner.ts'
import { startBasicServer } from '#test/support/start-basic-server.ts'
import { waitFor } from '#test/support/wait.ts'

const health = async (url: string, withinMs = 5_000) => {
  const response = await fetch(`${url}/health`, { signal: AbortSignal.timeout(withinMs) })
  return { status: response.status, body: JSON.parse(await response.text()) }
}

await t.test('a Basic Server behaves as it is told', async (t) => {
  await using server = await startBasicServer({ name: 'basic-server', instance: 'a', site: '腾讯' })
  t.match(await health(server.url), {
    status: 200,
    body: { status: 'healthy', service: 'basic-server', instance: 'a', site: '腾讯' },
  })
  await server.switch({ mode: 'fail' })
  t.match(await health(server.url), { status: 503, body: { status: 'critical' } })
  await server.switch({ mode: 'warning', name: 'other' })
  t.match(await health(server.url), { status: 200, body: { status: 'warning', service: 'other' } })
  await server.switch({ mode: 'slow', delayMs: 200 })
  const before = performance.now()
  await health(server.url)
  t.ok(performance.now() - before >= 150)
  await server.switch({ mode: 'hang' })
  await t.rejects(health(server.url, 100), { name: 'TimeoutError' })
  await server.switch({ mode: 'ok' })
  t.equal((await health(server.url)).status, 200)
})

await t.test('on SIGTERM it finishes what it has begun, and its port is free', async (t) => {
  await using server = await startBasicServer()
  const slow = fetch(`${server.url}/work?delay_ms=300`)
  await waitFor(() => server.stats(), { what: 'the request', withinMs: 5_000, until: ({ inFlight }) => inFlight === 1 })
  const stopped = server.stop()
  t.equal((await slow).status, 200)
  await stopped
  t.equal(server.pid, undefined)
  t.equal(await portOwner(server.port), undefined)
})

await t.test('a hanging one ends on SIGTERM all the same', async (t) => {
  await using server = await startBasicServer()
  await server.switch({ mode: 'hang' })
  const never = fetch(`${server.url}/`).catch(() => 'cut')
  await waitFor(() => server.stats(), { what: 'the request', withinMs: 5_000, until: ({ inFlight }) => inFlight === 1 })
  await server.stop({ withinMs: 3_000 })
  t.equal(await never, 'cut')
})

await t.test('it closes a connection that was idle for its keep-alive time', async (t) => {
  await using server = await startBasicServer({ keepAliveMs: 300 })
  const socket = connect(server.port, '127.0.0.1')
  const closed = new Promise<number>((resolve) => socket.once('close', () => resolve(performance.now())))
  socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n')
  const answered = await new Promise<number>((resolve) => socket.once('data', () => resolve(performance.now())))
  const idle = (await closed) - answered
  t.ok(idle > 200 && idle < 10_000, `closed after ${Math.round(idle)} ms`)
})

await t.test('after a crash it comes back on the same port', async (t) => {
  await using server = await startBasicServer({ instance: 'b' })
  await server.kill()
  await t.rejects(fetch(server.url))
  await server.start()
  t.match(await health(server.url), { body: { instance: 'b' } })
})
