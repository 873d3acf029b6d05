import t from 'tap'
import { FleetBuilder } from '#test/support/fleet-builder.ts'
import type { Witnesses } from '../ingest/agents/vantage/confirm.ts'
import type { Judgement } from '../ingest/agents/vantage/death.ts'
import { contactStages } from './explain-contact.ts'

const asked = (judgement: Judgement): Witnesses => ({
  check: 'remote',
  seenBy: ['plane'],
  asked: { found: { plane: 'no-answer', 'n-2': 'no-answer' }, agoMs: 2_400, judgement },
})

function stagesOf(contact: 'connected' | 'suspect' | 'lost', witnesses?: Witnesses, held = false) {
  const builder = new FleetBuilder()
  builder.node('a')
  builder.instance('crm-a', 'a')
  if (contact !== 'connected') builder.change({ kind: 'contact-changed', node: 'a', contact, session: 'session-a' })
  if (held) builder.change({ kind: 'hold-begun', site: 'tencent', machines: ['machine-a'], until: 0 })
  const instance = builder.fleet.instances.get('crm-a')
  if (!instance) throw new Error('it is there')
  return contactStages(instance, builder.fleet.nodes.get('a'), builder.fleet, witnesses)
}

for (const { name, witnesses, code, params, text } of [
  {
    name: 'without a check nobody else can look',
    witnesses: { check: 'none', seenBy: [] },
    code: 'no_vantage',
    params: { cause: 'no_check' },
    text: /no check/,
  },
  {
    name: 'nor at a check on loopback',
    witnesses: { check: 'local', seenBy: [] },
    code: 'no_vantage',
    params: { cause: 'local' },
    text: /loopback/,
  },
  {
    name: 'nor where nobody saw it',
    witnesses: { check: 'remote', seenBy: [] },
    code: 'no_vantage',
    params: { cause: 'unseen' },
    text: /Nobody else saw it/,
  },
  {
    name: 'who saw it is named before they have answered',
    witnesses: { check: 'remote', seenBy: ['plane', 'n-2'] },
    code: 'cannot_tell',
    params: { cause: 'asking', vantages: 'plane,n-2' },
    text: /plane, n-2/,
  },
  {
    name: 'who sees it pass is named',
    witnesses: asked({ kind: 'alive', vantages: ['n-2'] }),
    code: 'seen_alive',
    params: { vantages: 'n-2' },
    text: /It lives: n-2: no-answer, plane: no-answer \(asked 2 s ago\)/,
  },
  {
    name: 'why silence proves nothing is told',
    witnesses: asked({ kind: 'open', cause: 'not_vouched' }),
    code: 'cannot_tell',
    params: { cause: 'not_vouched', vantages: 'n-2,plane' },
    text: /nobody at its site is in contact/,
  },
  {
    name: 'a death is told as it was found',
    witnesses: asked({ kind: 'dead', death: { how: 'timeout', vantages: ['plane'] } }),
    code: 'death_confirmed',
    params: { how: 'timeout' },
    text: /no-answer/,
  },
] as const) {
  t.test(name, async (t) => {
    t.match(stagesOf('suspect', witnesses).at(-1), { stage: 'vantages', state: 'note', text, reason: { code, params } })
  })
}

t.test('a connected agent speaks for itself', async (t) => {
  t.match(stagesOf('connected', { check: 'remote', seenBy: ['plane'] }), [{ stage: 'contact', state: 'yes' }])
  t.equal(stagesOf('connected', { check: 'remote', seenBy: ['plane'] }).length, 1)
})

t.test('a lost one is shown with its hold, as of the past without those who look', async (t) => {
  t.match(stagesOf('lost', undefined, true), [
    { stage: 'contact', reason: { code: 'contact_lost' } },
    {
      stage: 'contact',
      text: /Routing of site tencent is held/,
      reason: { code: 'site_held', params: { site: 'tencent' } },
    },
  ])
})

t.test('an instance on a node that nobody knows has no contact', async (t) => {
  const builder = new FleetBuilder()
  builder.node('a')
  builder.instance('crm-a', 'a')
  const instance = builder.fleet.instances.get('crm-a')
  t.match(instance && contactStages(instance, undefined, builder.fleet, undefined), [{ state: 'note' }])
})
