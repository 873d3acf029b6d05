import { X509Certificate } from 'node:crypto'
import { join } from 'node:path'
import t from 'tap'
import { certificateIn, EnrollingPlane, secret } from '#test/support/enrolling.ts'
import { temporaryFolder } from '#test/support/folder.ts'
import { newKey, node, someAuthority, someNode } from '#test/support/identity.ts'
import { logLines, memoryStore } from '#test/support/store/journal.ts'
import { waitFor } from '#test/support/wait.ts'
import type { Revocation } from '../fleet/identity.ts'
import { holdUntil, releaseUntil, revokeEnrolment } from '../fleet/revoked.ts'
import type { Authority } from './authority.ts'
import { Identities, type RevocationCopy } from './identities.ts'
import { revocationFile } from './revocation-file.ts'

const now = Date.now()

/** A place for revocations that remembers what was written there. */
function copyOf(known: readonly Revocation[]): RevocationCopy & { written: readonly Revocation[] } {
  return {
    name: 'a copy',
    written: [],
    read: async () => known,
    async write(revocations) {
      this.written = revocations
    },
  }
}

async function opened(
  store: Awaited<ReturnType<typeof memoryStore>>,
  more: { readonly copies?: readonly RevocationCopy[]; readonly everyMs?: number } = {},
) {
  const { installation } = store
  const { log, lines } = logLines()
  const parts = { store, installation, secret, outside: [], copies: [], log, everyMs: 3_600_000, ...more }
  return Object.assign(await Identities.open(parts), { lines })
}

t.test('what one plane revokes counts on another one when it looks, and it says so', async (t) => {
  await using store = await memoryStore()
  const plane = await EnrollingPlane.open(store, now)
  const { x509, ...certificate } = certificateIn(await plane.enrol(await plane.token(), await newKey()))
  await using other = await opened(store, { everyMs: 20 })
  t.equal(other.judge({ x509, ...certificate }).may, 'all')
  let heard = 0
  other.onChange(() => {
    heard += 1
  })
  await store.addRevocations([revokeEnrolment(node, 1, now, 'bob', 'stolen')])
  await waitFor(() => heard > 0, { what: 'the other plane to hear of it', withinMs: 20_000 })
  t.match(other.judge({ x509, ...certificate }), { may: 'nothing', code: 'CERTIFICATE_REVOKED' })
})

t.test('revocations that the store has lost are put back from their copies, and copied everywhere', async (t) => {
  await using store = await memoryStore()
  const lost = revokeEnrolment(node, 3, now, 'bob', 'stolen')
  const empty = copyOf([])
  await using identities = await opened(store, { copies: [copyOf([lost]), empty] })
  t.strictSame(await store.revocations(), [lost])
  t.strictSame(empty.written, [lost])
  t.equal(identities.revoked.enrolments.get(node), 3)
})

t.test('a copy that cannot be read keeps no plane from starting', async (t) => {
  await using store = await memoryStore()
  const broken: RevocationCopy = { name: 'x', read: () => Promise.reject(new Error('gone')), write: async () => {} }
  await using identities = await opened(store, { copies: [broken] })
  t.equal(identities.revocations.length, 0)
  t.match(JSON.stringify(identities.lines), /could not be read/)
})

t.test('a restored backup holds certificates from before it until they are released', async (t) => {
  await using store = await memoryStore()
  await store.addRevocations([holdUntil(now, 'restore')])
  await using identities = await opened(store)
  t.equal(identities.revoked.heldUntil, now)
  t.equal(identities.enrolling.restoredAt(), now)
  await store.addRevocations([releaseUntil(now, now + 1, 'bob', 'looked through')])
  await identities.look()
  t.equal(identities.revoked.heldUntil, 0)
  t.equal(identities.enrolling.restoredAt(), now, 'what came before it stays so')
})

t.test(
  'the next authority is trusted at once, and signs when that is confirmed; nothing trusted before is lost',
  async (t) => {
    await using store = await memoryStore()
    await using identities = await opened(store)
    const [first] = identities.authorities.kept
    t.match(await identities.rotate({ asked: true, confirmed: false }), { kind: 'make-next' })
    t.equal(identities.authorities.trusted.length, 2)
    t.equal(identities.authorities.active.id, first?.id, 'it does not sign yet')
    t.equal(await identities.rotate({ asked: true, confirmed: false }), undefined, 'one is under way')
    t.match(await identities.rotate({ asked: false, confirmed: true }), { kind: 'activate' })
    t.not(identities.authorities.active.id, first?.id)
    t.equal(identities.authorities.trusted.length, 2)
  },
)

t.test('what another place knows is taken in once, and counts', async (t) => {
  await using store = await memoryStore()
  await using identities = await opened(store)
  const lost = revokeEnrolment(node, 2, now, 'bob', 'stolen')
  t.equal(await identities.learn([lost]), 1)
  t.equal(await identities.learn([lost]), 0)
  t.equal(identities.revoked.enrolments.get(node), 2)
  t.strictSame(await store.revocations(), [lost])
})

t.test('of certificates only those are kept that an authority of ours has signed', async (t) => {
  await using store = await memoryStore()
  await using identities = await opened(store)
  const { installation } = store
  const shownBy = async (authority: Authority) => {
    const { pem } = await someNode(authority, { installation })
    const socket = { getPeerX509Certificate: () => new X509Certificate(pem) }
    return [identities.shownIn(socket), identities.shownIn(socket)]
  }
  const [ours, again] = await shownBy(identities.authorities.active)
  t.match(ours, { kind: 'node' })
  t.equal(ours, again, 'it need not be read again')
  const [theirs, anew] = await shownBy(await someAuthority(now, installation))
  t.match(theirs, { kind: 'node' })
  t.not(theirs, anew)
})

t.test('the file beside the secret keeps them, of its installation alone', async (t) => {
  await using folder = await temporaryFolder('revocations')
  const path = join(folder.path, 'revocations')
  const revocations = [revokeEnrolment(node, 1, now, 'bob', 'stolen')]
  t.strictSame(await revocationFile(path, 'i-1').read(), [])
  await revocationFile(path, 'i-1').write(revocations)
  t.strictSame(await revocationFile(path, 'i-1').read(), revocations)
  t.strictSame(await revocationFile(path, 'i-2').read(), [])
})
