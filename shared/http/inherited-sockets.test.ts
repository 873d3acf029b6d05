import t from 'tap'
import { inheritedSocket, socketsFor } from './inherited-sockets.ts'

for (const { name, environment, sockets } of [
  { name: 'none is told of', environment: {}, sockets: [] },
  { name: 'two are told of', environment: { LISTEN_PID: '7', LISTEN_FDS: '2' }, sockets: [3, 4] },
  { name: 'they are another process’s', environment: { LISTEN_PID: '8', LISTEN_FDS: '2' }, sockets: [] },
  { name: 'their number is none', environment: { LISTEN_PID: '7', LISTEN_FDS: 'x' }, sockets: [] },
  { name: 'there are absurdly many', environment: { LISTEN_PID: '7', LISTEN_FDS: '100000' }, sockets: [] },
]) {
  t.test(`where ${name}, these sockets are taken over: ${sockets}`, async (t) => {
    t.strictSame(socketsFor(7, environment), sockets)
  })
}

t.test('a socket that is not there is none', async (t) => {
  const environment = { LISTEN_PID: String(process.pid), LISTEN_FDS: '1' }
  t.equal(await inheritedSocket({ address: '127.0.0.1', port: 1 }, environment), undefined)
  t.equal(await inheritedSocket({ address: '127.0.0.1', port: 1 }, {}), undefined)
})
