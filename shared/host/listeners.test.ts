import fc from 'fast-check'
import t from 'tap'
import { type Listener, parseListeners, placesOf, signatureOf } from './listeners.ts'

const table = [
  '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
  '   0: 00000000:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 11111 1 0000000000000000 100 0 0 10 0',
  '   1: 0100007F:22B8 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 22222 1 0000000000000000 100 0 0 10 0',
  '   2: 0100007F:22B8 0100007F:9C40 01 00000000:00000000 00:00000000 00000000     0        0 33333 1 0000000000000000 20 4 30 10 -1',
  '   3: 0700000A:1F91 00000000:0000 0A 00000000:00000000 00:00000000 00000000    33        0 44444 1 0000000000000000 100 0 0 10 0',
].join('\n')
const table6 = [
  '  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
  '   0: 00000000000000000000000000000000:1F90 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 55555 1 0000000000000000 100 0 0 10 0',
  '   1: 00000000000000000000000001000000:1538 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     5        0 66666 1 0000000000000000 100 0 0 10 0',
  '   2: 0000000000000000FFFF00000100007F:1539 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     5        0 77777 1 0000000000000000 100 0 0 10 0',
  '   3: B80D01200000000000000000070000FD:1540 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     5        0 88888 1 0000000000000000 100 0 0 10 0',
].join('\n')

t.test("the kernel's table tells who listens where, connections left out", async (t) => {
  t.strictSame(parseListeners(table), [
    { address: '0.0.0.0', port: 8080, user: 1000, inode: '11111' },
    { address: '127.0.0.1', port: 8888, user: 0, inode: '22222' },
    { address: '10.0.0.7', port: 8081, user: 33, inode: '44444' },
  ])
  t.strictSame(parseListeners(table6), [
    { address: '::', port: 8080, user: 1000, inode: '55555' },
    { address: '::1', port: 5432, user: 5, inode: '66666' },
    { address: '127.0.0.1', port: 5433, user: 5, inode: '77777' },
    { address: '2001:db8::fd00:7', port: 5440, user: 5, inode: '88888' },
  ])
})

t.test('any text is read without a complaint', async (t) => {
  t.doesNotThrow(() => fc.assert(fc.property(fc.string(), (text) => Array.isArray(parseListeners(text)))))
  t.strictSame(parseListeners('0: ZZ:1F90 x 0A a b 0 0 1\n0: 00000000:0000 x 0A a b c 0 0 1'), [])
})

const socket = (address: string, port: number, inode: string): Listener => ({ address, port, user: 0, inode })

for (const { what, sockets, places } of [
  {
    what: 'IPv4 and IPv6 of one server are one place',
    sockets: [socket('0.0.0.0', 80, '1'), socket('::', 80, '2')],
    places: [{ port: 80, address: undefined, loopback: false, user: 0, inodes: ['1', '2'] }],
  },
  {
    what: 'every address covers a loopback one',
    sockets: [socket('127.0.0.1', 80, '1'), socket('0.0.0.0', 80, '2')],
    places: [{ port: 80, address: undefined, loopback: false, user: 0, inodes: ['1', '2'] }],
  },
  {
    what: 'two addresses are two places',
    sockets: [socket('10.0.0.8', 80, '2'), socket('10.0.0.7', 80, '1')],
    places: [
      { port: 80, address: '10.0.0.7', loopback: false, user: 0, inodes: ['1'] },
      { port: 80, address: '10.0.0.8', loopback: false, user: 0, inodes: ['2'] },
    ],
  },
  {
    what: 'loopback alone is a place that nobody else reaches',
    sockets: [socket('::1', 80, '1'), socket('127.0.0.1', 80, '2')],
    places: [{ port: 80, address: '127.0.0.1', loopback: true, user: 0, inodes: ['1', '2'] }],
  },
]) {
  t.test(what, async (t) => t.strictSame(placesOf(sockets), places))
}

const anySocket = fc.record({
  address: fc.constantFrom('0.0.0.0', '::', '127.0.0.1', '::1', '10.0.0.7', '10.0.0.8'),
  port: fc.integer({ min: 1, max: 4 }),
  user: fc.constant(0),
  inode: fc.integer({ min: 1, max: 9 }).map(String),
})

t.test('every port that listens has a place, and the order of the table is none of its matter', async (t) => {
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(fc.array(anySocket), (sockets) => {
        const places = placesOf(sockets)
        const ports = (all: readonly { readonly port: number }[]) =>
          [...new Set(all.map(({ port }) => port))].sort().join()
        return ports(places) === ports(sockets) && signatureOf(places) === signatureOf(placesOf(sockets.toReversed()))
      }),
    ),
  )
})

t.test('another server on the same port is another signature', async (t) => {
  const before = placesOf([socket('0.0.0.0', 80, '1')])
  t.not(signatureOf(before), signatureOf(placesOf([socket('0.0.0.0', 80, '2')])))
  t.not(signatureOf(before), signatureOf(placesOf([socket('127.0.0.1', 80, '1')])))
})
