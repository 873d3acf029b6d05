import fc from 'fast-check'
import { WebSocket } from 'ws'
import { sessionPath, subprotocol } from '#shared/protocol/messages.ts'
import { agentMessages, hello } from '../inputs/agent-messages.ts'
import { hostileJson } from '../inputs/hostile-json.ts'
import { promise } from '../inputs/promises.ts'
import { FuzzedPlane } from '../play/fuzzed-plane.ts'
import { targetOf } from '../play/target.ts'

const withinMs = 20_000
const greetings = ['n-aaaaaaaaaaaa', 'n-aaaaaaaaaaab'].map((node) => JSON.stringify({ ...hello, node }))
const first = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...greetings) },
  { weight: 1, arbitrary: hostileJson([hello]) },
)

/** What anybody may say over a session of a real plane: it is answered, or the session ends with a reason that is not the plane's own failure. */
export const target = targetOf({
  arbitrary: fc.tuple(first, fc.array(hostileJson(agentMessages), { maxLength: 5 })),
  open: () => FuzzedPlane.start(),
  run: async ([greeting, more], plane) => {
    const socket = new WebSocket(`ws://127.0.0.1:${plane.port}${sessionPath}`, subprotocol)
    const heard: string[] = []
    socket.on('message', (data) => heard.push(String(data)))
    socket.on('error', () => {})
    const say = (text: string) => socket.readyState === WebSocket.OPEN && socket.send(text)
    try {
      await settled(socket, ['open', 'close'])
      say(greeting)
      if (greetings.includes(greeting)) await settled(socket, ['message', 'close'])
      for (const text of more) say(text)
      if (socket.readyState === WebSocket.OPEN) socket.ping()
      await settled(socket, ['pong', 'close'])
    } finally {
      socket.terminate()
    }
    const own = heard.find((text) => /"code":"internal"/.test(text))
    promise(own === undefined, `the plane could not handle a message: ${own}`)
    return heard.some((text) => text.startsWith('{"type":"welcome"')) ? 'taken' : 'refused'
  },
  check: (plane) => plane.needSound(),
})

/** Resolves with the first of these. */
function settled(socket: WebSocket, events: readonly ('open' | 'close' | 'pong' | 'message')[]): Promise<void> {
  if (socket.readyState === WebSocket.CLOSED) return Promise.resolve()
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`neither ${events.join(' nor ')} within ${withinMs} ms`)), withinMs)
    for (const event of events) {
      socket.once(event, () => {
        clearTimeout(timer)
        resolve()
      })
    }
  })
}
