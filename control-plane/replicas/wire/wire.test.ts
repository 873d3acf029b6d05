import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import t from 'tap'
import { WebSocket } from 'ws'
import { Failure } from '#shared/failure/failure.ts'
import { refuseUpgrade } from '#shared/http/refuse-upgrade.ts'
import { createLogger } from '#shared/logging/logger.ts'
import { HalfOpenClient } from '#test/support/agents/half-open-client.ts'
import { waitFor } from '#test/support/wait.ts'
import type { Peer } from './link.ts'
import { runHeader, subprotocol, wirePath } from './messages.ts'
import { proofOf } from './proof.ts'
import { Wire } from './wire.ts'

const log = createLogger({ name: 'test', level: 'silent' })

/** A plane that only has a wire; `others` are those that it knows to live. */
async function plane(run: string) {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const api = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const peer: Peer = { run, holder: `host of ${run}`, api, key: `key of ${run}` }
  const facts = new Map<string, unknown>()
  const events: unknown[] = []
  const others: Peer[] = []
  const listeners = new Set<() => void>()
  const wire = new Wire({
    server,
    self: peer,
    peers: {
      others: () => others,
      onChange(listener) {
        listeners.add(listener)
        return () => listeners.delete(listener)
      },
    },
    onFact: (kind, key, value, { run }) =>
      value === undefined ? facts.delete(`${run} ${kind} ${key}`) : facts.set(`${run} ${kind} ${key}`, value),
    onEvent: (kind, value, { run }) => events.push([run, kind, value]),
    async onQuestion(question, about) {
      if (question === 'echo') return about
      if (question === 'never') return new Promise(() => {})
      throw new Failure('NOT_FOUND', `${run} does not know ${question}`)
    },
    log,
  })
  return {
    peer,
    server,
    wire,
    facts,
    events,
    knows(...peers: readonly Peer[]) {
      others.splice(0, others.length, ...peers)
      for (const listener of listeners) listener()
    },
    async [Symbol.asyncDispose]() {
      await wire[Symbol.asyncDispose]()
      server.close()
      server.closeAllConnections()
    },
  }
}

const until = (look: () => unknown, what: string) => waitFor(look, { what, withinMs: 20_000 })

t.test('what one plane hears the others know, also what was before they came, and what is no more', async (t) => {
  await using a = await plane('a')
  await using b = await plane('b')
  a.wire.board.set('beat', 'crm-1', 1)
  a.wire.board.set('beat', 'crm-2', 1)
  a.knows(b.peer)
  b.knows(a.peer)
  await until(() => b.facts.size === 2, 'both facts')
  a.wire.board.set('beat', 'crm-1', 2)
  a.wire.board.delete('beat', 'crm-2')
  await until(() => b.facts.get('a beat crm-1') === 2 && b.facts.size === 1, 'the change')
  a.wire.board.say('sample', { value: 1 })
  await until(() => b.events.length, 'the event')
  t.strictSame(b.events, [['a', 'sample', { value: 1 }]])
  await until(() => a.wire.silent().length + b.wire.silent().length === 0, 'both to know all')
})

t.test('what went away while a plane was not reached is gone when it is', async (t) => {
  await using a = await plane('a')
  await using b = await plane('b')
  a.wire.board.set('beat', 'crm-1', 1)
  a.knows(b.peer)
  await until(() => b.facts.size, 'the fact')
  a.knows()
  a.wire.board.delete('beat', 'crm-1')
  a.wire.board.set('beat', 'crm-2', 1)
  a.knows(b.peer)
  await until(() => b.facts.has('a beat crm-2'), 'the other fact')
  await until(() => !b.facts.has('a beat crm-1'), 'the end of the first')
  t.equal(b.facts.size, 1)
})

t.test('what a plane told is forgotten with it, and told anew should it come back', async (t) => {
  await using a = await plane('a')
  await using b = await plane('b')
  b.knows(a.peer)
  a.wire.board.set('beat', 'crm-1', 1)
  a.knows(b.peer)
  await until(() => b.facts.size, 'the fact')
  b.knows()
  a.wire.board.set('beat', 'crm-2', 1)
  await until(() => b.facts.size === 2, 'what it goes on telling, though the store does not see it')
  a.knows()
  await until(() => b.facts.size === 0, 'all to be forgotten')
  a.knows(b.peer)
  await until(() => b.facts.size === 2, 'both facts again')
  t.strictSame([...b.facts.keys()].sort(), ['a beat crm-1', 'a beat crm-2'])
})

t.test('what goes away while a connection ends before all was told is gone in the end', async (t) => {
  await using b = await plane('b')
  const a: Peer = { run: 'a', holder: '', api: '', key: '' }
  b.knows(a)
  const tell = async (...messages: readonly object[]) => {
    const socket = new WebSocket(`${b.peer.api.replace('http', 'ws')}${wirePath}`, subprotocol, {
      headers: { [runHeader]: 'a', authorization: `Bearer ${proofOf('a', b.peer)}` },
    })
    await once(socket, 'open')
    for (const message of messages) socket.send(JSON.stringify(message))
    socket.close()
    await once(socket, 'close')
  }
  const told = (...keys: readonly string[]) => {
    const facts = keys.map((key) => ['beat', key, 1])
    return { type: 'told', now: Date.now(), facts, events: [] }
  }
  await tell(told('crm-1', 'crm-2'), { type: 'whole' })
  await tell(told('crm-2'))
  await until(() => b.facts.size === 2, 'both facts')
  await tell(told('crm-2'), { type: 'whole' })
  await until(() => b.facts.size === 1, 'the first to be gone')
  t.ok(b.facts.has('a beat crm-2'))
})

t.test('what is larger in all than a message may be is told in the one connection', async (t) => {
  await using a = await plane('a')
  await using b = await plane('b')
  const found = 'x'.repeat(300_000)
  for (let n = 0; n < 20; n += 1) a.wire.board.set('discovered', `n-${n}`, found)
  a.knows(b.peer)
  b.knows(a.peer)
  await until(() => b.facts.size === 20, 'all of it')
  await until(() => a.wire.silent().length === 0, 'both to have heard all')
  t.ok([...b.facts.values()].every((value) => value === found))
})

t.test('questions are answered, refused, or given up in time', async (t) => {
  await using a = await plane('a')
  await using b = await plane('b')
  await t.rejects(a.wire.ask('b', 'echo', {}, 10_000), { code: 'PEER_UNREACHABLE', retryable: true })
  a.knows(b.peer)
  await until(() => a.wire.ask('b', 'echo', 1, 10_000).catch(() => undefined), 'an answer')
  t.strictSame(await a.wire.ask('b', 'echo', { x: [1] }, 20_000), { x: [1] })
  await t.rejects(a.wire.ask('b', 'what', {}, 20_000), { code: 'NOT_FOUND', message: /b does not know what/ })
  await t.rejects(a.wire.ask('b', 'never', {}, 50), {
    code: 'PEER_UNREACHABLE',
    message: /host of b .* did not answer within/,
  })
  const asked = a.wire.ask('b', 'never', {}, 20_000)
  a.knows()
  await t.rejects(asked, { code: 'PEER_UNREACHABLE' }, 'it ends with the connection')
})

t.test('a plane that cannot be told or has not told is named', async (t) => {
  await using a = await plane('a')
  await using b = await plane('b')
  a.knows(b.peer)
  await until(() => b.wire, 'b')
  t.match(a.wire.silent(), [{ run: 'b' }], 'b does not know a yet')
  b.knows(a.peer)
  await until(() => a.wire.silent().length === 0, 'b to tell')
  a.knows({ ...b.peer, run: 'c', api: 'http://127.0.0.1:1' })
  t.match(a.wire.silent(), [{ run: 'c' }])
  t.strictSame(a.wire.lastinglySilent(), [], 'not yet for long')
  await until(() => a.wire.lastinglySilent().length === 1, 'it to last')
})

t.test('whoever does not read the same store is refused', async (t) => {
  await using a = await plane('a')
  for (const authorization of ['Bearer x', `Bearer ${'0'.repeat(64)}`, '']) {
    const socket = new WebSocket(`${a.peer.api.replace('http', 'ws')}${wirePath}`, subprotocol, {
      headers: { [runHeader]: 'b', authorization },
    })
    const [error] = await once(socket, 'error')
    t.match(error, /403/)
  }
})

for (const { path, others, answer } of [
  { path: wirePath, others: 0, answer: '403' },
  { path: wirePath, others: 1, answer: '403' },
  { path: '/agents', others: 0, answer: '404' },
  { path: '/agents', others: 1, answer: '503' },
]) {
  t.test(
    `an upgrade of ${path} with ${others} others to take it is answered ${answer}, and its connection is closed`,
    async (t) => {
      await using a = await plane('a')
      // Somebody who takes what is not of the wire.
      const other = (request: IncomingMessage, socket: Duplex) => request.url !== wirePath && refuseUpgrade(socket, 503)
      if (others > 0) a.server.on('upgrade', other)
      const accepted = once(a.server, 'connection')
      using client = new HalfOpenClient(Number(new URL(a.peer.api).port), path)
      const [socket] = await accepted
      if (!socket.closed) await once(socket, 'close')
      t.equal((await client.answered()).split(' ', 2)[1], answer)
    },
  )
}

t.test('a plane that does not read what it asked for is cut off', async (t) => {
  await using a = await plane('a')
  const authorization = `Bearer ${proofOf('b', a.peer)}`
  const asking = new WebSocket(`${a.peer.api}${wirePath}`, subprotocol, {
    headers: { [runHeader]: 'b', authorization },
  })
  t.teardown(() => asking.terminate())
  asking.on('error', () => {})
  await once(asking, 'open')
  const about = 'x'.repeat(500_000)
  asking.pause()
  for (let id = 0; id < 200; id += 1) asking.send(JSON.stringify({ type: 'ask', id, question: 'echo', about }))
  let connections = 1
  await waitFor(
    () => {
      a.server.getConnections((_, count) => {
        connections = count
      })
      return connections === 0
    },
    { what: 'the end of its connection', withinMs: 20_000 },
  )
  t.equal(connections, 0)
})
