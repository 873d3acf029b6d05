import t from 'tap'
import type { Judged } from '#shared/identity/judge-certificate.ts'
import { node, scope } from '#test/support/identity.ts'
import { matrix } from './matrix.ts'
import { mayDo } from './may-do.ts'
import { shownCaller } from './shown-caller.ts'

const good: Judged = { may: 'all', node, scope: { ...scope, tenant: 'acme' } }
const shows = { plain: false, says: false, certificate: undefined }

t.test('a certificate that counts says which node it is, and of which tenant', async (t) => {
  t.strictSame(shownCaller({ ...shows, certificate: good }), {
    kind: 'agent',
    name: `agent:${node}`,
    permissions: [],
    tenant: 'acme',
  })
  t.notOk('tenant' in (shownCaller({ ...shows, certificate: { ...good, scope } }) ?? {}))
})

t.test('one that was revoked, or may only be renewed, says nothing', async (t) => {
  const revoked: Judged = { may: 'nothing', code: 'CERTIFICATE_REVOKED', why: 'it was' }
  const expired: Judged = { ...good, may: 'renew' }
  for (const certificate of [undefined, revoked, expired]) t.equal(shownCaller({ ...shows, certificate }), undefined)
})

t.test('who says himself who he is is not taken for the node that he asks from', async (t) => {
  t.equal(shownCaller({ plain: false, says: true, certificate: good }), undefined)
})

t.test('by the listener of old clients nothing counts that is said or shown', async (t) => {
  for (const says of [false, true]) {
    t.match(shownCaller({ plain: true, says, certificate: good }), { kind: 'plain', name: 'plain' })
  }
})

t.test(
  'of all operations an agent may do none that needs a permission, an old client only those of the registry',
  async (t) => {
    const may = (caller: ReturnType<typeof shownCaller>) =>
      matrix.filter((operation) => operation.needs !== 'nothing' && mayDo(caller, operation) === 'yes')
    const agent = may(shownCaller({ ...shows, certificate: good }))
    t.ok(agent.every(({ needs }) => needs === 'token'))
    const plain = may(shownCaller({ ...shows, plain: true })).filter(({ needs }) => needs !== 'token')
    t.ok(plain.length > 0)
    t.ok(plain.every(({ path }) => path.startsWith('/cluster/') && path !== '/cluster/import'))
  },
)
