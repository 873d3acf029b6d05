import t from 'tap'
import { enrol, renew } from '#control-plane/identity/enrol.ts'
import type { AgentMessage } from '#shared/protocol/messages.ts'
import { certificateIn, EnrollingPlane } from '#test/support/enrolling.ts'
import { temporaryFolder } from '#test/support/folder.ts'
import { node, someAuthority } from '#test/support/identity.ts'
import { logLines, memoryStore } from '#test/support/store/journal.ts'
import { waitFor } from '#test/support/wait.ts'
import { Membership } from '../identity/membership.ts'
import { Renewal } from './renewal.ts'

const hour = 3_600_000

t.test(
  'a certificate is renewed over the session at half of its life, kept, and the authorities are confirmed',
  async (t) => {
    await using folder = await temporaryFolder('renewal')
    await using store = await memoryStore()
    const then = Date.now() - 14 * hour
    const plane = await EnrollingPlane.open(store, then)
    const { log } = logLines()
    const parts = { folder: folder.path, node, machine: 'm1', site: '上海', tokenFile: undefined, log }
    const membership = await Membership.open(parts)
    t.equal(membership.state.state, 'none')
    const csr = await membership.request()
    const enrolled = await enrol(plane.parts, { token: await plane.token(), csr, node, machine: 'm1', site: '上海' })
    if (enrolled.kind !== 'issued') throw new Error(enrolled.kind)
    t.ok(await membership.take(enrolled.certificate, enrolled.trust))
    const before = membership.state.notAfter ?? 0

    const sent: AgentMessage[] = []
    using renewal = new Renewal({ send: (message) => sent.push(message) > 0 }, membership, log)
    const asked = await waitFor(() => sent.find((message) => message.type === 'renew'), {
      ...{ what: 'it to ask', withinMs: 20_000 },
      until: (message) => message !== undefined,
    })
    plane.now = Date.now()
    const { der } = certificateIn(enrolled)
    const answered = await renew(plane.parts, {
      certificate: der,
      csr: asked?.type === 'renew' ? asked.csr : '',
      machine: 'm1',
    })
    if (answered.kind !== 'issued') throw new Error(answered.kind)
    renewal.renewed(answered)
    await waitFor(() => (membership.state.notAfter ?? 0) > before, { what: 'the next one', withinMs: 20_000 })

    const next = await someAuthority()
    renewal.trustNamed(answered.trust + next.pem)
    const trusts = () => sent.findLast((message) => message.type === 'trusts')
    await waitFor(trusts, {
      ...{ what: 'it to say whom it trusts', withinMs: 20_000 },
      until: (message) => message?.type === 'trusts' && message.authorities.includes(next.id),
    })
    const again = await Membership.open(parts)
    t.match(again.state, { state: 'enrolled', notAfter: membership.state.notAfter }, 'it is on disk')
    t.equal(again.trusts.length, 2)
    t.notOk(await membership.take(answered.certificate.replace(/A/, 'B'), answered.trust), 'nothing else is taken')
  },
)
