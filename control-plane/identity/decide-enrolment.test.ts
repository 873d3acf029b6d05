import t from 'tap'
import { everything } from '#shared/identity/scope.ts'
import { storedIdentity, storedToken } from '#test/support/store/identity-suite.ts'
import { type Applicant, approved, decideEnrolment, type EnrolmentFacts } from './decide-enrolment.ts'
import { revoked } from './revoke.ts'

const now = Date.parse('2026-11-21T12:00:00.000Z')
const hour = 3_600_000
const node = 'n-abcdefghijkl'
const applicant: Applicant = { node, machine: 'm1', site: '上海', key: 'key' }
const other = { ...applicant, key: 'other', machine: 'm2' }
const token = storedToken('t', { expiresAt: now + hour })
const known = storedIdentity(node, { version: 3, enrolledBy: 't' })
const asks: EnrolmentFacts = {
  applicant,
  token,
  secretHash: 'hash of t',
  known: undefined,
  revoked: 0,
  heldUntil: 0,
  now,
}
const pending = { key: 'other', machine: 'm2', site: 's', grant: everything, token: 't', at: now }

for (const { what, facts, end } of [
  {
    what: 'a new node',
    facts: {},
    end: {
      kind: 'issue',
      uses: 1,
      identity: {
        ...known,
        version: 0,
        serial: '',
        issuedAt: 0,
        notAfter: 0,
        scope: { ...everything, v: 1, site: '上海', enrolment: 1 },
      },
    },
  },
  { what: 'an unknown token', facts: { token: undefined }, end: { kind: 'refuse', code: 'ENROLMENT_REFUSED' } },
  { what: 'a wrong secret', facts: { secretHash: 'x' }, end: { kind: 'refuse', code: 'ENROLMENT_REFUSED' } },
  {
    what: 'a wrong secret for a node that is known',
    facts: { secretHash: 'x', known },
    end: { kind: 'refuse', code: 'ENROLMENT_REFUSED' },
  },
  { what: 'an old token', facts: { now: now + hour }, end: { kind: 'refuse', code: 'ENROLMENT_TOKEN_EXPIRED' } },
  {
    what: 'a used token',
    facts: { token: { ...token, usesLeft: 0 } },
    end: { kind: 'refuse', code: 'ENROLMENT_TOKEN_USED' },
  },
  {
    what: 'a token of another site',
    facts: { token: { ...token, grant: { ...everything, site: 'tencent' } } },
    end: { kind: 'refuse', code: 'ENROLMENT_OUT_OF_SCOPE' },
  },
  { what: 'the same again', facts: { known }, end: { kind: 'issue', identity: known, uses: 0 } },
  {
    what: 'the same again with the token that is used up and over',
    facts: { known, token: { ...token, usesLeft: 0 }, now: now + 9 * hour },
    end: { kind: 'issue', identity: known, uses: 0 },
  },
  {
    what: 'the same again with another token that is over',
    facts: { known: { ...known, enrolledBy: 'u' }, now: now + hour },
    end: { kind: 'refuse', code: 'ENROLMENT_TOKEN_EXPIRED' },
  },
  {
    what: 'another key for a node that is known',
    facts: { known, applicant: { ...applicant, key: 'other' } },
    end: { kind: 'wait', uses: 1, identity: { ...known, pending: { ...pending, machine: 'm1', site: '上海' } } },
  },
  {
    what: 'another machine for a node that is known',
    facts: { known, applicant: { ...applicant, machine: 'm2' } },
    end: { kind: 'wait', uses: 1, identity: { state: 'enrolled', key: 'key', machine: 'm1' } },
  },
  {
    what: 'another key with a token that is used up',
    facts: { known, applicant: other, token: { ...token, usesLeft: 0 } },
    end: { kind: 'refuse', code: 'ENROLMENT_TOKEN_USED' },
  },
  {
    what: 'who waits already',
    facts: { known: { ...known, pending }, applicant: other, now: now + 9 * hour, token: { ...token, usesLeft: 0 } },
    end: { kind: 'wait', uses: 0, identity: undefined },
  },
  {
    what: 'a third while somebody waits',
    facts: { known: { ...known, pending }, applicant: { ...other, key: 'third' } },
    end: { kind: 'refuse', code: 'ENROLMENT_WAITING' },
  },
  {
    what: 'who has the node while somebody waits for it',
    facts: { known: { ...known, pending } },
    end: { kind: 'issue', uses: 0 },
  },
  {
    what: 'a node that was revoked, by its own key',
    facts: { known: { ...known, state: 'revoked' }, revoked: 1 },
    end: { kind: 'wait', uses: 1, identity: { state: 'revoked', pending: { key: 'key' } } },
  },
  {
    what: 'a node whose revocation came back from elsewhere',
    facts: { known, revoked: 1 },
    end: { kind: 'wait', uses: 1 },
  },
  {
    what: 'a node of which a restored backup does not know whether it was revoked',
    facts: { known, heldUntil: now },
    end: { kind: 'wait', uses: 1, identity: { state: 'enrolled', pending: { key: 'key' } } },
  },
  {
    what: 'a node that was let in after a backup was restored',
    facts: { known: { ...known, serial: '', issuedAt: 0 }, heldUntil: now },
    end: { kind: 'issue', uses: 0 },
  },
  {
    what: 'a node that only a revocation remembers',
    facts: { revoked: 4 },
    end: { kind: 'wait', uses: 1, identity: { state: 'waiting', scope: { enrolment: 4 }, version: 0 } },
  },
] as const) {
  t.test(`${what} gets what it should`, async (t) => {
    t.match(decideEnrolment({ ...asks, ...facts } as EnrolmentFacts), end as object)
  })
}

t.test('an approval is a new enrolment with what the token of the newcomer grants', async (t) => {
  const grant = { ...everything, services: ['crm'], site: 'beijing' }
  const next = approved({ ...known, pending: { ...pending, grant } }, 0)
  t.match(next, {
    state: 'enrolled',
    key: 'other',
    machine: 'm2',
    version: 3,
    scope: { services: ['crm'], site: 'beijing', enrolment: 2 },
    pending: undefined,
    formerKey: undefined,
  })
  t.equal(approved({ ...known, pending }, 6)?.scope.enrolment, 7)
  t.equal(
    approved({ ...known, pending }, 6, true)?.scope.enrolment,
    1_006,
    'above what a restored backup has forgotten',
  )
  t.equal(approved(known, 0), undefined)
})

t.test('a node that is revoked has nothing any more, and nobody waits for it', async (t) => {
  const change = revoked({ ...known, pending, formerKey: 'k0' }, { at: now, by: 'operator:alice', why: 'stolen' })
  t.match(change, {
    identity: { state: 'revoked', pending: undefined, formerKey: undefined, version: 3 },
    revocations: [{ kind: 'enrolment', node, enrolment: 1, by: 'operator:alice', why: 'stolen' }],
  })
})
