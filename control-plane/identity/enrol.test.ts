import { X509Certificate } from 'node:crypto'
import fc from 'fast-check'
import t from 'tap'
import { newToken, readToken, tokenText } from '#shared/identity/token.ts'
import { certificateIn, EnrollingPlane, secret } from '#test/support/enrolling.ts'
import { newKey, node, requestOf, someAuthority, someNode } from '#test/support/identity.ts'
import { memoryStore } from '#test/support/store/journal.ts'
import { holdUntil, releaseUntil } from '../fleet/revoked.ts'
import { approve, enrol, judged, renew } from './enrol.ts'
import { openAuthorities } from './open-authorities.ts'
import { revoked } from './revoke.ts'
import { rotate } from './rotate.ts'

const start = Date.parse('2026-11-21T12:00:00Z')
const [hour, day] = [3_600_000, 24 * 3_600_000]
const [key, other, third] = [await newKey(), await newKey(), await newKey()]

async function plane() {
  const store = await memoryStore()
  const opened = await EnrollingPlane.open(store, start)
  return Object.assign(opened, { [Symbol.asyncDispose]: () => store[Symbol.asyncDispose]() })
}

t.test('a node is enrolled by a token, and its certificate lets it do all', async (t) => {
  await using here = await plane()
  const answered = await here.enrol(await here.token(), key)
  const certificate = certificateIn(answered)
  t.match(certificate, { node, installation: here.store.installation, scope: { site: '上海', enrolment: 1 } })
  t.equal(judged(here.parts, certificate, here.now).may, 'all')
  t.equal(certificate.trust, here.authorities.active.pem)
  t.match(await here.store.identity(node), { serial: certificate.serial, notAfter: certificate.notAfter, version: 1 })
})

t.test('an answer that was lost is given again, and costs nothing', async (t) => {
  await using here = await plane()
  const token = await here.token({ usesLeft: 1 })
  const first = certificateIn(await here.enrol(token, key))
  const second = certificateIn(await here.enrol(token, key))
  t.equal(second.key, first.key)
  t.not(second.serial, first.serial)
  t.match(await here.enrol(token, other, { node: 'n-bbbbbbbbbbbb' }), { kind: 'refused', code: 'ENROLMENT_TOKEN_USED' })
})

t.test('for who has no token, or nobody’s certificate, no signature of a request is reckoned', async (t) => {
  await using here = await plane()
  const read = readToken(await here.token())
  if (read.kind === 'unreadable') throw new Error(read.why)
  const wrong = tokenText({ ...read.token, secret: newToken(read.token.pin).secret })
  const unknown = tokenText(newToken(read.token.pin))
  for (const token of [wrong, unknown]) {
    const request = { node, machine: 'm1', site: 's', csr: 'no request', token }
    t.match(await enrol(here.parts, request), { code: 'ENROLMENT_REFUSED', why: /not known here/ })
  }
  const stranger = await someNode(await someAuthority(start, here.store.installation), { now: start })
  const { raw } = new X509Certificate(stranger.pem)
  t.match(await renew(here.parts, { certificate: raw, csr: 'no request', machine: 'm1' }), {
    code: 'CERTIFICATE_FOREIGN',
  })
})

t.test('what is no token, or no request, is refused', async (t) => {
  await using here = await plane()
  const request = { node, machine: 'm1', site: 's', csr: await requestOf(key.pair), token: await here.token() }
  t.match(await enrol(here.parts, { ...request, token: 'x' }), { code: 'ENROLMENT_TOKEN_UNREADABLE' })
  t.match(await enrol(here.parts, { ...request, csr: 'x' }), { code: 'ENROLMENT_REQUEST_INVALID' })
  t.match(await renew(here.parts, { certificate: Buffer.from('x'), csr: 'x', machine: 'm1' }), {
    code: 'CERTIFICATE_FOREIGN',
  })
})

t.test('another key for a known node waits, and takes its place only when it is approved', async (t) => {
  await using here = await plane()
  const token = await here.token({ usesLeft: 5 })
  const before = certificateIn(await here.enrol(token, key))
  t.strictSame(await here.enrol(token, other, { machine: 'm2' }), { kind: 'waiting' })
  t.strictSame(await here.enrol(token, other, { machine: 'm2' }), { kind: 'waiting' })
  t.match(await here.store.tokens(1), [{ usesLeft: 3 }], 'whoever waits has taken one use')
  t.equal((await here.renew(before.der, key)).kind, 'issued', 'who has the node goes on')
  const waits = (await here.store.identity(node))?.pending?.key ?? ''
  await t.rejects(approve(here.parts, node, before.key, 'operator:alice'), { code: 'VERSION_CHANGED' })
  await approve(here.parts, node, waits, 'operator:alice')
  await t.rejects(approve(here.parts, node, waits, 'operator:alice'), { code: 'NOT_FOUND' })
  await here.look()
  const after = certificateIn(await here.enrol(token, other, { machine: 'm2' }))
  t.match(after.scope, { enrolment: 2 })
  t.match(judged(here.parts, before, here.now), { may: 'nothing', code: 'CERTIFICATE_REVOKED' })
  t.equal(judged(here.parts, after, here.now).may, 'all')
  t.match(await here.renew(before.der, key), { kind: 'refused', code: 'CERTIFICATE_REVOKED' })
})

t.test('two days without a plane heal without hands, and two months do not', async (t) => {
  await using here = await plane()
  const { der } = certificateIn(await here.enrol(await here.token(), key))
  here.now = start + 3 * day
  t.equal((await here.renew(der, key)).kind, 'issued')
  here.now = start + 60 * day
  t.match(await here.renew(der, key), { kind: 'refused', code: 'CERTIFICATE_EXPIRED' })
})

t.test('a scope that was narrowed is in the next certificate', async (t) => {
  await using here = await plane()
  const { der } = certificateIn(await here.enrol(await here.token(), key))
  const known = await here.store.identity(node)
  if (!known) throw new Error('not known')
  const scope = { ...known.scope, services: ['crm'] }
  t.equal(await here.store.changeIdentity({ identity: { ...known, scope } }), 'changed')
  t.strictSame(certificateIn(await here.renew(der, key)).scope.services, ['crm'])
})

t.test('a copied key is noticed when the node has gone on to another one', async (t) => {
  await using here = await plane()
  const first = certificateIn(await here.enrol(await here.token(), key))
  const second = certificateIn(await here.renew(first.der, other))
  t.equal((await here.renew(first.der, other)).kind, 'issued', 'its answer may have been lost')
  t.equal((await here.renew(second.der, other)).kind, 'issued')
  t.match(await here.renew(first.der, third), { kind: 'refused', code: 'IDENTITY_KEY_REPLACED' })
})

t.test('after a restore nothing from before is renewed until it is released', async (t) => {
  await using here = await plane()
  const { der } = certificateIn(await here.enrol(await here.token(), key))
  here.now = start + hour
  await here.store.addRevocations([holdUntil(here.now, 'operator:bob')])
  await here.look()
  t.match(await here.renew(der, key), { kind: 'refused', code: 'IDENTITY_HELD' })
  await here.store.addRevocations([releaseUntil(here.now, here.now + 1, 'operator:alice', 'looked through')])
  await here.look()
  t.equal((await here.renew(der, key)).kind, 'issued')
})

t.test('authorities take turns while nodes renew, and no node ever has to be enrolled again', async (t) => {
  await using here = await plane()
  const { store } = here
  const parts = { store, installation: store.installation, secret }
  const first = here.authorities.active.id
  let certificate = certificateIn(await here.enrol(await here.token(), key))
  const steps: string[] = []
  for (let hours = 0; hours < 70 * 24; hours += 12) {
    here.now = start + hours * hour
    const facts = { now: here.now, asked: hours === 24, confirmed: hours >= 72 }
    const [step] = await Promise.all([rotate(parts, facts), rotate(parts, { ...facts, asked: false })])
    if (step) steps.push(step.kind)
    await here.look()
    t.equal(judged(here.parts, certificate, here.now).may === 'nothing', false)
    if (hours % 24 === 0) certificate = certificateIn(await here.renew(certificate.der, key))
  }
  t.strictSame(steps, ['make-next', 'activate', 'retire'])
  t.not(here.authorities.active.id, first)
  t.equal(certificate.trust, here.authorities.active.pem)
})

t.test('a plane with another secret does not start, and changes nothing', async (t) => {
  await using here = await plane()
  const { store } = here
  const kept = await store.authorities()
  const wrong = { store, installation: store.installation, secret: Buffer.alloc(32, 1), outside: [], now: start }
  await t.rejects(openAuthorities(wrong), { code: 'SECRET_WRONG' })
  t.strictSame(await store.authorities(), kept)
  const [authority] = kept
  const changed = {
    authorities: async () => kept.map((each) => ({ ...each, sealedKey: `${each.sealedKey.slice(0, -4)}AAAA` })),
  }
  await t.rejects(openAuthorities({ ...wrong, secret, store: { ...store, ...changed } }), {
    code: 'AUTHORITY_UNUSABLE',
    message: /was changed/,
  })
  t.notOk(JSON.stringify(authority).includes('PRIVATE'))
})

t.test('planes that start on one store at once have one authority', async (t) => {
  await using store = await memoryStore()
  const all = await Promise.all(Array.from({ length: 5 }, () => EnrollingPlane.open(store, start)))
  t.equal(new Set(all.map(({ authorities }) => authorities.active.id)).size, 1)
  t.equal((await store.authorities()).length, 1)
})

t.test('whatever people and machines do, a node is one machine’s, and a token enrols as many as it may', async (t) => {
  const keys = [key, other, third]
  const doing = fc.oneof(
    fc.record({ do: fc.constant('enrol' as const), who: fc.nat(2), token: fc.nat(1) }),
    fc.record({ do: fc.constant('renew' as const), who: fc.nat(2) }),
    fc.record({ do: fc.constant('approve' as const) }),
    fc.record({ do: fc.constant('revoke' as const) }),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(doing, { minLength: 4, maxLength: 14 }), async (doings) => {
      await using here = await plane()
      const tokens = [await here.token({ usesLeft: 2 }), await here.token({ usesLeft: 1 })]
      const held = new Map<number, ReturnType<typeof certificateIn>>()
      let mayBe: number | undefined
      let never = true
      for (const each of doings) {
        switch (each.do) {
          case 'enrol': {
            const machine = `m${each.who}`
            const answered = await here.enrol(tokens[each.token] ?? '', keys[each.who] ?? key, { machine })
            if (answered.kind !== 'issued') break
            if (!never && mayBe !== each.who) return false
            never = false
            mayBe = each.who
            held.set(each.who, certificateIn(answered))
            break
          }
          case 'renew': {
            const mine = held.get(each.who)
            const answered = mine && (await here.renew(mine.der, keys[each.who] ?? key))
            if (answered?.kind !== 'issued') break
            if (mayBe !== each.who) return false
            held.set(each.who, certificateIn(answered))
            break
          }
          case 'approve': {
            const pending = (await here.store.identity(node))?.pending
            if (!pending) break
            await approve(here.parts, node, pending.key, 'operator:alice')
            mayBe = Number(pending.machine.slice(1))
            break
          }
          case 'revoke': {
            const known = await here.store.identity(node)
            if (!known) break
            await here.store.changeIdentity(revoked(known, { at: here.now, by: 'operator:alice', why: '' }))
            mayBe = undefined
          }
        }
        await here.look()
        const working = [...held].filter(([, certificate]) => judged(here.parts, certificate, here.now).may === 'all')
        if (working.some(([who]) => who !== mayBe)) return false
      }
      const left = (await here.store.tokens(2)).map(({ usesLeft }) => usesLeft)
      return left.every((uses) => uses >= 0)
    }),
    { numRuns: 40, endOnFailure: true },
  )
  t.pass()
})
