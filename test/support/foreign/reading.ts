import { once } from 'node:events'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Test } from 'tap'
import { type ConsulServer, startConsul } from '../consul.ts'
import { deregister, register, type Version } from '../mirror/scene.ts'
import { waitFor } from '../wait.ts'
import { foreignPlane, stranger } from './scene.ts'

/**
 * A Consul behind something that keeps the paths that were asked for, and can be made to fail, or to start again: until something is asked
 * for consistently, what it was answers then.
 */
async function watched(t: Test, real: ConsulServer) {
  const asked: string[] = []
  const state: { fails: boolean; past?: string | undefined } = { fails: false }
  const server = createServer((incoming, response) => {
    const { searchParams } = new URL(incoming.url ?? '/', real.url)
    const consistent = searchParams.has('consistent')
    if (consistent) state.past = undefined
    const url = new URL(incoming.url ?? '/', state.past ?? real.url)
    const blocking = searchParams.has('index') && searchParams.get('index') !== '0'
    asked.push(`${url.pathname}${blocking ? ' (blocking)' : consistent ? ' (consistent)' : ''}`)
    if (state.fails) return void response.writeHead(500).end('rpc error')
    const onward = request(url, { method: incoming.method ?? 'GET', headers: incoming.headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers)
      answer.pipe(response)
    })
    onward.on('error', () => response.destroy())
    incoming.pipe(onward)
    response.on('close', () => onward.destroy())
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  const consul = Object.assign(Object.create(real), { datacenter: real.datacenter, url: `http://127.0.0.1:${port}` })
  const startAgain = (past: string) => {
    state.past = past
    server.closeAllConnections()
  }
  return { consul: consul as ConsulServer, asked, state, startAgain }
}

const few = { every: '1h', health_every: '100ms' }
const ids = (fleet: { readonly foreign: ReadonlyMap<string, unknown> }) => [...fleet.foreign.keys()].sort()

/** What others registered is read sparingly, and what seems to have gone is made sure of. */
export async function readingSuite(t: Test, version: Version): Promise<void> {
  await using consul = await startConsul({ datacenter: 'zervigo-dc', version })

  await t.test('a quiet catalogue costs one request for its health at a time, and nothing is journalled', async (t) => {
    await register(consul, stranger('crm-1'))
    const { consul: proxied, asked } = await watched(t, consul)
    await using plane = await foreignPlane([proxied], {
      owner: 'quiet',
      policies: { 'zervigo-dc': few },
      mirrors: false,
    })
    await waitFor(() => plane.fleet.foreign.size === 1, { what: 'the record', withinMs: 10_000 })
    const health = () => asked.filter((path) => path === '/v1/health/state/any').length
    await waitFor(health, { what: 'health to be asked for again', withinMs: 20_000, until: (count) => count > 8 })
    // Once at the start, and once more where the watch began after that.
    t.ok(asked.filter((path) => path === '/v1/catalog/services').length <= 1 + 2, asked.join(' '))
    t.ok(asked.filter((path) => path.startsWith('/v1/catalog/service/')).length <= 2, asked.join(' '))
    t.equal(plane.journal.entries.length, 1)
  })

  await t.test('a service that comes or goes is noticed by the hint, and its going is made sure of', async (t) => {
    const { consul: proxied, asked } = await watched(t, consul)
    await using plane = await foreignPlane([proxied], {
      owner: 'hint',
      policies: { 'zervigo-dc': few },
      mirrors: false,
    })
    await waitFor(() => plane.foreign.complete(), { what: 'the first reading', withinMs: 10_000 })
    await waitFor(() => asked.includes('/v1/catalog/services (blocking)'), { what: 'the watch', withinMs: 10_000 })
    const first = asked.length
    await register(consul, stranger('crm-2', { port: 7001 }))
    await waitFor(() => plane.fleet.foreign.size === 2, { what: 'the new record', withinMs: 10_000 })
    t.notOk(asked.slice(first).some((path) => path.endsWith('(consistent)')))
    await deregister(consul, { Node: 'legacy', ServiceID: 'crm-2' })
    await waitFor(() => plane.fleet.foreign.size === 1, { what: 'it to go', withinMs: 10_000 })
    t.ok(asked.slice(first).includes('/v1/catalog/services (consistent)'))
  })

  await t.test('what a Consul that starts again shows of its own past is not taken in', async (t) => {
    await using before = await startConsul({ datacenter: 'zervigo-dc', version })
    // What has gone since is there again.
    await register(before, stranger('crm-0', { port: 7000 }))
    await register(before, stranger('crm-1'))
    const { consul: proxied, asked, state, startAgain } = await watched(t, consul)
    await using plane = await foreignPlane([proxied], {
      owner: 'past',
      policies: { 'zervigo-dc': few },
      mirrors: false,
    })
    const watches = () => asked.filter((path) => path === '/v1/catalog/services (blocking)').length
    await waitFor(() => plane.foreign.complete(), { what: 'the first reading', withinMs: 20_000 })
    await waitFor(watches, { what: 'the watch', withinMs: 20_000, until: (count) => count > 0 })
    const known = watches()
    startAgain(before.url)
    await waitFor(watches, { what: 'the watch to go on', withinMs: 20_000, until: (count) => count > known })
    await waitFor(() => state.past === undefined, { what: 'to be asked consistently', withinMs: 20_000 })
    t.strictSame(ids(plane.fleet), ['zervigo-dc/legacy/crm-1'])
    t.equal(plane.journal.entries.length, 1, 'nothing came and went meanwhile')
  })

  await t.test('an error is never an empty catalogue', async (t) => {
    const { consul: proxied, state } = await watched(t, consul)
    const policies = { 'zervigo-dc': { every: '1s', health_every: '100ms' } }
    await using plane = await foreignPlane([proxied], { owner: 'error', policies, mirrors: false })
    await waitFor(() => plane.foreign.complete(), { what: 'the first reading', withinMs: 10_000 })
    state.fails = true
    const status = () => plane.foreign.status()[0]
    await waitFor(() => status()?.error, { what: 'the error to be told', withinMs: 10_000 })
    t.strictSame(ids(plane.fleet), ['zervigo-dc/legacy/crm-1'])
    state.fails = false
    await waitFor(() => status()?.error === undefined, { what: 'it to be over', withinMs: 20_000 })
    t.strictSame(ids(plane.fleet), ['zervigo-dc/legacy/crm-1'])
  })

  await t.test('what is more than may be kept is counted, and what is kept stays the same', async (t) => {
    for (const i of [3, 4, 5]) await register(consul, stranger(`crm-${i}`, { port: 7000 + i }))
    const policies = { 'zervigo-dc': { ...few, most: 2 } }
    await using plane = await foreignPlane([consul], { owner: 'most', policies, mirrors: false })
    await waitFor(() => plane.foreign.complete(), { what: 'the first reading', withinMs: 10_000 })
    t.match(plane.foreign.status(), [{ instances: 2, beyond: 2 }])
    const before = ids(plane.fleet)
    await register(consul, stranger('another', { port: 7010 }))
    await waitFor(() => plane.foreign.status()[0]?.beyond === 3, { what: 'one more', withinMs: 10_000 })
    t.strictSame(ids(plane.fleet), before)
  })

  await t.test('what is not read any more is forgotten', async (t) => {
    const entries = await (async () => {
      await using plane = await foreignPlane([consul], { owner: 'forget', policies: {}, mirrors: false })
      await waitFor(() => plane.foreign.complete(), { what: 'the first reading', withinMs: 10_000 })
      return [...plane.journal.entries]
    })()
    const policies = { 'zervigo-dc': { read: false } }
    await using plane = await foreignPlane([consul], { owner: 'forget', policies, before: entries, mirrors: false })
    await waitFor(() => plane.fleet.foreign.size === 0, { what: 'all to be forgotten', withinMs: 10_000 })
    t.ok(plane.foreign.complete())
    t.strictSame(plane.foreign.status(), [])
  })
}
