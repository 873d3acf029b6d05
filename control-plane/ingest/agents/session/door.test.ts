import { once } from 'node:events'
import { createServer } from 'node:http'
import t from 'tap'
import type { WebSocket } from 'ws'
import { listen } from '#shared/http/listen.ts'
import { Turns } from '#shared/lifecycle/turns.ts'
import { sessionPath, subprotocol } from '#shared/protocol/messages.ts'
import { HalfOpenClient } from '#test/support/agents/half-open-client.ts'
import { Door, type DoorParts } from './door.ts'

const spoken = `Sec-WebSocket-Protocol: ${subprotocol}`
const keyed = ['Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', 'Sec-WebSocket-Version: 13']

async function behindDoor(more: Partial<DoorParts> = {}) {
  const server = createServer()
  const opened: WebSocket[] = []
  const open = (socket: WebSocket) => void opened.push(socket)
  const parts = { leaves: undefined, turns: new Turns(), unnamed: new Set(), takes: () => true, open }
  const door = new Door({ server, ...parts, ...more })
  const listening = await listen(server, { address: '127.0.0.1', port: 0 }, 'api.port')
  return { server, door, opened, port: listening.port, [Symbol.asyncDispose]: () => listening[Symbol.asyncDispose]() }
}

for (const { who, path = sessionPath, headers = [spoken], more = {}, status } of [
  { who: 'nobody serves its path', path: '/else', status: '404' },
  { who: 'somebody else would serve its path, and is gone', path: '/wire', more: { leaves: ['/wire'] }, status: '404' },
  { who: 'it is of a browser', headers: [spoken, 'Origin: http://here'], status: '403' },
  { who: 'it speaks something else', headers: [], status: '400' },
  { who: 'no agents are taken', more: { takes: () => false }, status: '503' },
  { who: 'too many have not said who they are', more: { unnamed: { size: 2_000 } }, status: '503' },
  { who: 'it is no websocket', headers: [spoken], status: '400' },
]) {
  t.test(`an upgrade is answered ${status} and its connection closed where ${who}`, async (t) => {
    await using scene = await behindDoor(more)
    const accepted = once(scene.server, 'connection')
    using client = new HalfOpenClient(scene.port, path, headers)
    const [socket] = await accepted
    if (!socket.closed) await once(socket, 'close')
    t.equal((await client.answered()).split(' ', 2)[1], status)
    t.equal(scene.opened.length, 0)
    t.equal(scene.door.unopened, 0)
  })
}

t.test('an agent that is turned away when its turn comes is answered, and closed', async (t) => {
  let looks = 0
  await using scene = await behindDoor({ takes: () => looks++ === 0 })
  const accepted = once(scene.server, 'connection')
  using client = new HalfOpenClient(scene.port, sessionPath, [spoken, ...keyed])
  const [socket] = await accepted
  if (!socket.closed) await once(socket, 'close')
  t.match(await client.answered(), /^HTTP\/1.1 503/)
})

t.test('what somebody else takes is left to them', async (t) => {
  await using scene = await behindDoor({ leaves: ['/wire'] })
  const taken = new Promise((resolve) =>
    scene.server.on('upgrade', ({ url }, socket) => resolve([url, socket.end('taken').writable])),
  )
  using client = new HalfOpenClient(scene.port, '/wire')
  t.strictSame(await taken, ['/wire', false])
  t.equal(await client.answered(), 'taken')
})

t.test('connections that wait in the kernel are taken soon, however much there is to do in turns', async (t) => {
  const turns = new Turns(100)
  await using scene = await behindDoor({ turns })
  let [steps, atFirst, taken] = [0, 0, 0]
  const many = 20
  const allTaken = new Promise<void>((resolve) =>
    scene.server.on('connection', () => {
      if (taken === 0) atFirst = steps
      taken += 1
      if (taken === many) resolve()
    }),
  )
  const busy = () => {
    for (const endsAt = performance.now() + 0.2; performance.now() < endsAt; );
    steps += 1
    if (taken < many) turns.add(0, busy)
  }
  turns.add(0, busy)
  using clients = new DisposableStack()
  for (let client = 0; client < many; client += 1) clients.use(new HalfOpenClient(scene.port, sessionPath, [spoken]))
  await allTaken
  t.ok(steps - atFirst < 1_000, 'with whole turns between them it would be some 500 steps for each')
})
