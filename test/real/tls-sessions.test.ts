import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { connect, type TLSSocket } from 'node:tls'
import t from 'tap'
import { WebSocket } from 'ws'
import type { IdentityView } from '#shared/protocol/identity-api.ts'
import { sessionPath, subprotocol } from '#shared/protocol/messages.ts'
import { RunningAgent } from '#test/support/start-agent.ts'
import { TlsPlane } from '#test/support/tls-plane.ts'
import { waitFor } from '#test/support/wait.ts'

const withinMs = 25_000

await using plane = await TlsPlane.start()
const { port } = new URL(plane.url)

/** What an agent has that was let in and is gone. */
async function someNode() {
  await using agent = await RunningAgent.start({
    planes: [plane.url],
    more: { identity: { token_file: plane.tokenFile } },
  })
  const isIn = async () => JSON.parse(await agent.page('/health')).session.state === 'connected'
  await waitFor(isIn, { what: 'the session', withinMs })
  const read = (name: string) => readFile(join(agent.stateDir, 'identity', name), 'utf8')
  const [identity] = await plane.get<IdentityView[]>('/v1/identities')
  const [cert, key, ca] = [await read('certificate.pem'), await read('key.pem'), await read('trust.pem')]
  const { machine } = JSON.parse(await readFile(join(agent.stateDir, 'node.json'), 'utf8'))
  return { node: { id: identity?.node ?? '', machine: String(machine) }, tls: { cert, key, ca } }
}

type Node = { readonly id: string; readonly machine: string }
type Pair = { readonly cert?: string; readonly key?: string; readonly ca: string }

/** A connection, and by what the next one may go on where it ended. */
async function shaken(tls: Pair, session?: Buffer): Promise<{ socket: TLSSocket; ticket: Promise<Buffer> }> {
  const socket = connect({ host: '127.0.0.1', port: Number(port), ...tls, ...(session ? { session } : {}) })
  const ticket = once(socket, 'session').then(([next]) => next as Buffer)
  await once(socket, 'secureConnect')
  return { socket, ticket }
}

/** What the plane says to a node that goes on where an earlier connection ended, and whether it did. */
async function greeted({ id, machine }: Node, ca: string, session: Buffer): Promise<{ reused: boolean; said: string }> {
  const { promise, resolve } = Promise.withResolvers<string>()
  let reused = false
  // Without key and certificate: what counts is what the ticket says.
  const socket = new WebSocket(`${plane.url.replace(/^https/, 'wss')}${sessionPath}`, subprotocol, {
    ...{ ca, session, handshakeTimeout: 10_000 },
    finishRequest(request) {
      request.once('socket', (stream) => {
        const secured = stream as TLSSocket
        secured.once('secureConnect', () => {
          reused = secured.isSessionReused()
        })
      })
      request.end()
    },
  })
  const about = { machine, incarnation: 9, version: '0', name: 'x', site: 'default', address: '127.0.0.1' }
  socket.on('open', () => socket.send(JSON.stringify({ type: 'hello', node: id, ...about })))
  socket.on('message', (text) => resolve(String(text)))
  socket.on('error', (error) => resolve(error.message))
  const said = await promise
  socket.terminate()
  return { reused, said }
}

await t.test('who comes back is known by his ticket, as long as his certificate counts', async (t) => {
  const { node, tls } = await someNode()
  const first = await shaken(tls)
  t.equal(first.socket.isSessionReused(), false)
  const ticket = await first.ticket
  first.socket.destroy()
  const again = await shaken({ ca: tls.ca }, ticket)
  t.equal(again.socket.isSessionReused(), true)
  again.socket.destroy()
  t.match(await greeted(node, tls.ca, ticket), { reused: true, said: /"welcome"/ })
  t.match(await greeted({ ...node, id: 'n-aaaaaaaaaaaa' }, tls.ca, ticket), {
    reused: true,
    said: /IDENTITY_OTHER_NODE/,
  })

  await t.test('also by a plane that was started anew', async (t) => {
    await plane.stop()
    await plane.start()
    t.match(await greeted(node, tls.ca, ticket), { reused: true, said: /"welcome"/ })
  })

  await t.test('and when it was revoked meanwhile the ticket is of no use', async (t) => {
    const body = { reason: 'stolen', by: 'test' }
    t.equal((await plane.ask(`/v1/identities/${node.id}/revoke`, { method: 'POST', body })).status, 200)
    t.match(await greeted(node, tls.ca, ticket), { reused: true, said: /CERTIFICATE_REVOKED/ })
  })
})

await t.test('who has shown nothing has nothing to go on with', async (t) => {
  const ca = await plane.trust()
  const first = await shaken({ ca })
  const ticket = await first.ticket
  first.socket.destroy()
  t.match(await greeted({ id: 'n-aaaaaaaaaaaa', machine: 'm1' }, ca, ticket), { said: /401/ })
})

await t.test('a plane speaks TLS 1.3 and nothing older', async (t) => {
  const old = connect({ host: '127.0.0.1', port: Number(port), maxVersion: 'TLSv1.2', rejectUnauthorized: false })
  const [error] = (await once(old, 'error')) as [Error]
  t.match(error.message, /version|alert/i)
})
