import { parseArgs } from 'node:util'
import { WebSocket } from 'ws'
import { sessionPath, subprotocol } from '#shared/protocol/messages.ts'
import { helloOf, nodeId, passing, specOf } from '#test/support/agents/agent-client.ts'
import { lagMs, offer } from './offer.ts'

// Agents in one process: each has one instance and reports on it, as the whole of its session and then again and again.

const { values } = parseArgs({
  options: {
    url: { type: 'string' },
    sessions: { type: 'string' },
    rate: { type: 'string' },
    seconds: { type: 'string' },
    warm: { type: 'string' },
  },
})
const { url = '', sessions = '100', rate = '1000', seconds = '10', warm = '0' } = values
const all = await Promise.all(Array.from({ length: Number(sessions) }, (_, index) => attach(url, index)))
let next = 0
const offered = await offer({
  perSecond: Number(rate),
  seconds: Number(seconds),
  warmSeconds: Number(warm),
  onWarm: () => lagMs(url),
  send: (done) => {
    all[next]?.(done)
    next = (next + 1) % all.length
  },
})
process.stdout.write(`${JSON.stringify({ ...offered, lagMs: await lagMs(url) })}\n`, () => process.exit(0))

/** Resolves with how to send one report of an attached agent. */
async function attach(plane: string, index: number): Promise<(done: (ok: boolean) => void) => void> {
  const socket = new WebSocket(`${plane.replace(/^http/, 'ws')}${sessionPath}`, subprotocol, {
    perMessageDeflate: false,
  })
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
  const waiting = new Map<number, (ok: boolean) => void>()
  let sequence = 0
  const address = `10.${index >> 8}.${index & 255}.1`
  const spec = specOf({ id: `service-${index.toString(16).padStart(8, '0')}`, service: 'service', address })
  const { spec: _, ...again } = passing(spec)
  const end = `,"instances":${JSON.stringify([again])}}`
  const attached = new Promise<void>((resolve) => {
    socket.on('message', (data) => {
      const message: { readonly type: string; readonly sequence?: number } = JSON.parse(String(data))
      if (message.type === 'welcome') {
        sequence += 1
        socket.send(JSON.stringify({ type: 'report', sequence, whole: true, instances: [passing(spec)] }))
      }
      if (message.type !== 'ack') return
      resolve()
      // An acknowledgement stands for all that came before it.
      for (const [told, done] of waiting) {
        if (told > (message.sequence ?? 0)) break
        waiting.delete(told)
        done(true)
      }
    })
  })
  socket.send(JSON.stringify(helloOf({ node: nodeId(index), address })))
  await attached
  return (done) => {
    sequence += 1
    waiting.set(sequence, done)
    if (socket.readyState === WebSocket.OPEN) socket.send(`{"type":"report","sequence":${sequence}${end}`)
    else done(false)
  }
}
