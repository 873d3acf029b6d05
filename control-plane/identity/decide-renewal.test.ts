import t from 'tap'
import { type NodeCertificate, readNodeCertificate } from '#shared/identity/certificate.ts'
import { node, scope, someAuthority, someNode } from '#test/support/identity.ts'
import { storedIdentity } from '#test/support/store/identity-suite.ts'
import { decideRenewal, type RenewalFacts } from './decide-renewal.ts'

const now = Date.parse('2026-11-21T12:00:00Z')
const authority = await someAuthority(now)

async function certificateOf(enrolment: number): Promise<NodeCertificate> {
  const read = readNodeCertificate((await someNode(authority, { now, scope: { ...scope, enrolment } })).pem)
  if (read.kind === 'unreadable') throw new Error(read.why)
  return read.certificate
}

const certificate = await certificateOf(2)
const { key } = certificate
const known = storedIdentity(node, {
  key,
  scope: { ...scope, services: ['crm'], enrolment: 2 },
  issuedAt: now,
  version: 5,
})
const asks: RenewalFacts = {
  certificate,
  judged: { may: 'all', node, scope: certificate.scope },
  key,
  machine: 'm1',
  known,
  heldUntil: 0,
  restoredAt: 0,
}
const refused = { may: 'nothing', code: 'CERTIFICATE_EXPIRED', why: 'long ago' } as const

for (const { what, facts, end } of [
  { what: 'a node', facts: {}, end: { kind: 'issue', identity: known } },
  {
    what: 'a node whose certificate has expired',
    facts: { judged: { may: 'renew', node, scope: certificate.scope } },
    end: { kind: 'issue', identity: known },
  },
  { what: 'who may nothing', facts: { judged: refused }, end: { kind: 'refuse', code: 'CERTIFICATE_EXPIRED' } },
  { what: 'a node nobody knows', facts: { known: undefined }, end: { kind: 'refuse', code: 'IDENTITY_UNKNOWN' } },
  {
    what: 'a node that was never let in',
    facts: { known: { ...known, state: 'waiting' } },
    end: { kind: 'refuse', code: 'IDENTITY_UNKNOWN' },
  },
  {
    what: 'a node that was revoked',
    facts: { known: { ...known, state: 'revoked' } },
    end: { kind: 'refuse', code: 'CERTIFICATE_REVOKED' },
  },
  {
    what: 'an enrolment that another one has replaced',
    facts: { known: { ...known, scope: { ...scope, enrolment: 3 } } },
    end: { kind: 'refuse', code: 'IDENTITY_SUPERSEDED' },
  },
  {
    what: 'an enrolment that never was',
    facts: { known: { ...known, scope: { ...scope, enrolment: 1 } } },
    end: { kind: 'refuse', code: 'IDENTITY_SUPERSEDED' },
  },
  { what: 'a new key', facts: { key: 'k2' }, end: { kind: 'issue', identity: { key: 'k2', formerKey: key } } },
  {
    what: 'the key before, whose answer was lost',
    facts: { known: { ...known, key: 'k2', formerKey: key }, key: 'k2' },
    end: { kind: 'issue', identity: { key: 'k2', formerKey: key } },
  },
  {
    what: 'the key before, in the hands of who wants another one',
    facts: { known: { ...known, key: 'k2', formerKey: key }, key: 'k9' },
    end: { kind: 'refuse', code: 'IDENTITY_KEY_REPLACED' },
  },
  {
    what: 'the key before, for itself',
    facts: { known: { ...known, key: 'k2', formerKey: key } },
    end: { kind: 'refuse', code: 'IDENTITY_KEY_REPLACED' },
  },
  {
    what: 'a lost holder, where another was let in since the restore and has not fetched his certificate',
    facts: { known: { ...known, key: 'k2', serial: '', issuedAt: 0 }, restoredAt: now + 1 },
    end: { kind: 'refuse', code: 'IDENTITY_KEY_REPLACED' },
  },
  {
    what: 'the new key, used for the first time',
    facts: { known: { ...known, formerKey: 'k0' } },
    end: { kind: 'issue', identity: { key, formerKey: undefined } },
  },
  {
    what: 'a key that was replaced by one in use',
    facts: { known: { ...known, key: 'k2', formerKey: undefined } },
    end: { kind: 'refuse', code: 'IDENTITY_KEY_REPLACED' },
  },
  { what: 'what is held', facts: { heldUntil: now }, end: { kind: 'refuse', code: 'IDENTITY_HELD' } },
  {
    what: 'what was issued after the hold',
    facts: { heldUntil: now - 1_000 },
    end: { kind: 'issue', identity: known },
  },
  {
    what: 'a node that a restored backup does not know',
    facts: { known: undefined, restoredAt: now + 1 },
    end: {
      kind: 'issue',
      identity: { node, key, machine: 'm1', scope: certificate.scope, state: 'enrolled', version: 0 },
    },
  },
  {
    what: 'an enrolment that a restored backup does not know',
    facts: {
      known: { ...known, key: 'k0', issuedAt: now - 9, scope: { ...scope, enrolment: 1 } },
      restoredAt: now + 1,
    },
    end: { kind: 'issue', identity: { key, scope: { enrolment: 2 }, version: 5 } },
  },
  {
    what: 'a key that a restored backup does not know',
    facts: { known: { ...known, key: 'k0', issuedAt: now - 9 }, restoredAt: now + 1 },
    end: { kind: 'issue', identity: { key, scope: { services: ['crm'] }, version: 5 } },
  },
  {
    what: 'a node that was revoked before the backup',
    facts: { known: { ...known, state: 'revoked', issuedAt: now - 9 }, restoredAt: now + 1 },
    end: { kind: 'refuse', code: 'CERTIFICATE_REVOKED' },
  },
] as const) {
  t.test(`${what} that asks for its next certificate gets what it should`, async (t) => {
    t.match(decideRenewal({ ...asks, ...facts } as RenewalFacts), end as object)
  })
}
