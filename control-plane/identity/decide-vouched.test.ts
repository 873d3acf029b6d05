import t from 'tap'
import { everything } from '#shared/identity/scope.ts'
import type { StoredIdentity } from '../fleet/identity.ts'
import { type Applicant, newcomer } from './decide-enrolment.ts'
import { decideVouched, type VouchedFacts } from './decide-vouched.ts'
import { vouchedFor } from './vouched.ts'

const applicant: Applicant = { node: 'n-abcdefghijkl', machine: 'kubernetes-a', site: 'berlin', key: 'key' }
const vouched = {
  kind: 'vouched',
  by: 'kubernetes:prod/shop/default',
  grant: everything,
  node: applicant.node,
  machine: applicant.machine,
} as const
const enrolled = newcomer(applicant, vouched.by, everything, 3, 'enrolled')
const decide = (more: Partial<VouchedFacts> = {}) =>
  decideVouched({ applicant, vouched, known: undefined, revoked: 0, heldUntil: 0, now: 1, ...more })

t.test('who is vouched for is let in', async (t) => {
  t.match(decide(), { kind: 'issue', identity: { enrolledBy: vouched.by, scope: { enrolment: 1 } }, revocations: [] })
})

t.test('it is not another node, not on another machine, and not at another site than it may be', async (t) => {
  for (const wrong of [{ node: 'n-bbbbbbbbbbbb' }, { machine: 'm' }]) {
    t.match(decide({ applicant: { ...applicant, ...wrong } }), { kind: 'refuse', code: 'ENROLMENT_OUT_OF_SCOPE' })
  }
  const grant = { ...everything, site: 'paris' }
  t.match(decide({ vouched: { ...vouched, grant } }), { kind: 'refuse', code: 'ENROLMENT_OUT_OF_SCOPE' })
})

t.test('the same key gets the next certificate, with what its row grants by now', async (t) => {
  const grant = { ...everything, services: ['crm'] }
  const decided = decide({ known: enrolled, vouched: { ...vouched, grant } })
  t.match(decided, { kind: 'issue', identity: { scope: { enrolment: 3, services: ['crm'] } }, revocations: [] })
})

t.test('another key takes its place, and ends what the one before was given', async (t) => {
  const decided = decide({ known: enrolled, applicant: { ...applicant, key: 'other' } })
  t.match(decided, { kind: 'issue', identity: { key: 'other', scope: { enrolment: 4 } } })
  t.match(decided.kind === 'issue' && decided.revocations, [{ kind: 'enrolment', enrolment: 3 }])
})

const revoked: StoredIdentity = { ...enrolled, state: 'revoked' }
for (const { name, more } of [
  { name: 'was revoked', more: { known: revoked, revoked: 3 } },
  { name: 'was revoked by a row that the store had lost', more: { known: enrolled, revoked: 3 } },
  { name: 'was revoked, and is known to another plane only', more: { known: undefined, revoked: 3 } },
  {
    name: 'another cluster has vouched for, with another key,',
    more: { known: { ...enrolled, key: 'former', enrolledBy: `${vouched.by.split('/')[0]}-2/shop/agent` } },
  },
  {
    name: 'was let in by a token, with another key,',
    more: { known: { ...enrolled, key: 'former', enrolledBy: 'a token' } },
  },
  { name: 'is held since a backup', more: { known: { ...enrolled, serial: 'A', issuedAt: 5 }, heldUntil: 6 } },
]) {
  t.test(`a node that ${name} waits for an operator, whoever vouches for it`, async (t) => {
    t.match(decide(more), { kind: 'wait', identity: { pending: { key: 'key', token: vouched.by } } })
  })
}

t.test('who waits already waits on, and nobody else beside him', async (t) => {
  const pending = { ...applicant, grant: everything, token: vouched.by, at: 1 }
  const known = { ...revoked, pending }
  t.strictSame(decide({ known, revoked: 3 }), { kind: 'wait', identity: undefined })
  const other = { ...applicant, key: 'other' }
  t.match(decide({ known, revoked: 3, applicant: other }), { kind: 'refuse', code: 'ENROLMENT_WAITING' })
})

const pod = {
  ...{ namespace: 'shop', serviceAccount: 'agent', pod: { name: 'a', uid: 'u' } },
  node: { name: 'n', uid: '' },
}
const rule = { namespace: 'shop', service_account: 'agent', node: 'pod', grant: everything } as const

t.test('only who has a row is vouched for, by the first that fits', async (t) => {
  t.equal(vouchedFor('prod', pod, []).kind, 'refused')
  t.equal(vouchedFor('prod', { ...pod, namespace: 'shop2' }, [rule]).kind, 'refused')
  t.equal(vouchedFor('prod', { ...pod, serviceAccount: 'default' }, [rule]).kind, 'refused')
  t.match(vouchedFor('prod', pod, [rule]), { kind: 'vouched', by: 'kubernetes:prod/shop/agent' })
  t.equal(vouchedFor('prod', { ...pod, node: undefined }, [{ ...rule, node: 'node' }]).kind, 'refused')
})
