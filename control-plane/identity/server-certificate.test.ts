import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { connect, createServer } from 'node:tls'
import t from 'tap'
import { checkPin } from '#shared/identity/check-pin.ts'
import { EnrollingPlane, secret } from '#test/support/enrolling.ts'
import { logLines, memoryStore } from '#test/support/store/journal.ts'
import { ServerCertificate, tlsServer } from './server-certificate.ts'
import { ticketKeysOf } from './ticket-keys.ts'

const start = Date.now()
const day = 24 * 3_600_000

t.test("a plane's certificate is renewed at half of its life, and when its names change, and no sooner", async (t) => {
  await using store = await memoryStore()
  const plane = await EnrollingPlane.open(store, start)
  let now = start
  let names = ['localhost', '127.0.0.1']
  const { log } = logLines()
  const tickets = ticketKeysOf(secret, plane.store.installation)
  const parts = { authorities: () => plane.authorities, ticketKeys: tickets, names: () => names, now: () => now, log }
  const certificate = await ServerCertificate.make(parts)
  const given: string[] = []
  certificate.keep({ setSecureContext: ({ cert }) => void given.push(String(cert)) })
  const serial = () => new X509Certificate(String(certificate.context.cert)).serialNumber
  const first = serial()
  now += 14 * day
  await certificate.look()
  t.equal(serial(), first)
  now += 2 * day
  await certificate.look()
  const second = serial()
  t.not(second, first)
  names = ['localhost', '127.0.0.1', 'plane.example.com']
  await certificate.look()
  t.not(serial(), second)
  t.equal(given.length, 2, 'its servers were given each')
  t.strictSame(certificate.context.ticketKeys, tickets, 'who comes back is known by his ticket')
  const blocks = String(certificate.context.cert).match(/-----BEGIN[^-]+-----[^-]+-----END[^-]+-----/g) ?? []
  const shown = blocks.map((block) => new X509Certificate(block))
  const pin = plane.authorities.active.id
  t.equal(checkPin(shown, pin, 'plane.example.com', now).kind, 'pinned', 'a token leads to it')
  t.equal(checkPin(shown, pin, 'other.example.com', now).kind, 'stranger')
})

t.test('who speaks to it uses SHA-256, before and after it was renewed', async (t) => {
  await using store = await memoryStore()
  const plane = await EnrollingPlane.open(store, start)
  const { log } = logLines()
  const tickets = ticketKeysOf(secret, plane.store.installation)
  const parts = { authorities: () => plane.authorities, ticketKeys: tickets, names: () => ['localhost'], log }
  const certificate = await ServerCertificate.make({ ...parts, now: () => start })
  const server = createServer({ ...tlsServer, ...certificate.context })
  t.teardown(() => server.close())
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const spoken = async () => {
    const socket = connect({ ...(server.address() as AddressInfo), host: '127.0.0.1', rejectUnauthorized: false })
    await once(socket, 'secureConnect')
    const { name } = socket.getCipher()
    socket.destroy()
    return name
  }
  t.equal(await spoken(), 'TLS_AES_128_GCM_SHA256')
  server.setSecureContext(certificate.context)
  t.equal(await spoken(), 'TLS_AES_128_GCM_SHA256')
})
