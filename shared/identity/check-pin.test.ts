import { X509Certificate } from 'node:crypto'
import t from 'tap'
import { issueServerCertificate } from '#control-plane/identity/issue.ts'
import { newKey, someAuthority, someNode } from '#test/support/identity.ts'
import { checkPin } from './check-pin.ts'

const now = Date.parse('2026-11-21T12:00:00Z')
const day = 24 * 3_600_000
const [ours, theirs] = [await someAuthority(now), await someAuthority(now)]
const { publicKey } = await newKey()
const names = ['plane.example', '10.0.0.1', 'fd00::1']

async function server(authority = ours): Promise<X509Certificate> {
  return new X509Certificate((await issueServerCertificate(authority, { publicKey, names, now })).pem)
}

const [own, alien] = [await server(), await server(theirs)]
/** Signed by somebody who takes the name of our authority, and that of its key. */
const forged = await server({ ...theirs, name: ours.name, keyId: ours.keyId })
const node = new X509Certificate((await someNode(ours, { now })).pem)

t.test('a plane of the authority that is pinned is given the token, by each of its names', async (t) => {
  for (const host of names) {
    t.match(checkPin([own, ours.certificate], ours.id, host, now), { kind: 'pinned', authority: ours.certificate })
  }
  t.equal(checkPin([own, theirs.certificate, ours.certificate], ours.id, 'plane.example', now).kind, 'pinned')
})

for (const { what, shown, why, host = 'plane.example', when = now } of [
  { what: 'nobody', shown: [], why: /no certificate/ },
  { what: 'a server alone', shown: [own], why: /no authority/ },
  { what: 'a server of another authority', shown: [alien, theirs.certificate], why: /no authority/ },
  { what: 'a stranger who shows our authority', shown: [alien, ours.certificate], why: /not signed/ },
  { what: 'a stranger who takes its name', shown: [forged, ours.certificate], why: /not signed/ },
  { what: 'a node that plays a plane', shown: [node, ours.certificate], why: /not for a server/ },
  { what: 'the authority itself', shown: [ours.certificate, ours.certificate], why: /not for a server/ },
  { what: 'a server with a node for its authority', shown: [own, node], why: /no authority/ },
  {
    what: 'a plane asked by another name',
    shown: [own, ours.certificate],
    why: /not for other/,
    host: 'other.example',
  },
  { what: 'a plane asked at another address', shown: [own, ours.certificate], why: /not for 10/, host: '10.0.0.2' },
  { what: 'an old certificate', shown: [own, ours.certificate], why: /holds from/, when: now + 30 * day },
  { what: 'one that does not hold yet', shown: [own, ours.certificate], why: /holds from/, when: now - day },
]) {
  t.test(`${what} is given no token`, async (t) => {
    t.match(checkPin(shown, ours.id, host, when), { kind: 'stranger', why })
  })
}
