import { createServer } from 'node:net'
import t from 'tap'
import { parseListeners, portOwner } from './port-owner.ts'
import { freePort } from './ports.ts'

const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:2134 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 12345 1 0000000000000000 100 0 0 10 0
   1: 0100007F:2134 0100007F:D431 01 00000000:00000000 00:00000000 00000000     0        0 12399 1 0000000000000000 20 4 30 10 -1
   2: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 777 1 0000000000000000 100 0 0 10 0
`
const table6 = `  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000000000000000000001000000:1F90 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4242 1
`

for (const { name, text, listeners } of [
  {
    name: 'IPv4',
    text: table,
    listeners: [
      { port: 8500, inode: '12345' },
      { port: 22, inode: '777' },
    ],
  },
  { name: 'IPv6', text: table6, listeners: [{ port: 8080, inode: '4242' }] },
  { name: 'no socket', text: table.split('\n')[0] ?? '', listeners: [] },
  { name: 'an unreadable file', text: '', listeners: [] },
]) {
  await t.test(`of a table of ${name}, only what listens counts`, async (t) => {
    t.strictSame(parseListeners(text), listeners)
  })
}

await t.test('the owner of a port is named, and a free port has none', async (t) => {
  const port = await freePort()
  t.equal(await portOwner(port), undefined)
  const server = createServer().listen(port, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  t.match(await portOwner(port), { pid: process.pid, name: String })
  await new Promise((resolve) => server.close(resolve))
  t.equal(await portOwner(port), undefined)
})
