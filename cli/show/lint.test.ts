import t from 'tap'
import { showLint } from './lint.ts'
import { plain } from './style.ts'

const style = { paint: plain, now: 0 }
const finding = {
  node: 'web-1',
  service: 'crm',
  id: 'crm-1',
  rule: 'no-check',
  why: 'it has no check',
  remedy: 'Add one.',
}

t.test('findings stand together by kind, with what to do about them once', async (t) => {
  const view = {
    datacenter: 'zervigo-dc',
    examined: 3,
    beyond: 2,
    not_probed: 1,
    findings: [finding, { ...finding, rule: 'phantom', why: 'gone', remedy: 'Look.' }, { ...finding, id: 'crm-2' }],
  }
  t.equal(
    showLint([view, { ...view, datacenter: 'looma-dc', beyond: 0, not_probed: 0, findings: [] }], style),
    `zervigo-dc: 3 findings; 3 records of others looked at; 2 more were not; 1 could not be tried from the control plane.

no-check
  crm crm-1 on web-1: it has no check
  crm crm-2 on web-1: it has no check
  -> Add one.

phantom
  crm crm-1 on web-1: gone
  -> Look.

looma-dc: nothing found; 3 records of others looked at.`,
  )
})

t.test('without a datacenter there is nothing to look at', async (t) => {
  t.equal(showLint([], style), 'There is no Consul datacenter.')
})
