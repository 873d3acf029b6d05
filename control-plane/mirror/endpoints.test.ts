import t from 'tap'
import { Endpoints } from './endpoints.ts'

const row = {
  node: 'web',
  nodeAddress: '10.0.0.1',
  nodeMeta: {},
  id: 'x',
  service: 'crm',
  address: '',
  port: 80,
  tags: [],
  meta: {},
  weight: 1,
  index: 1,
}
const ours = { service: 'crm', address: '10.0.0.1', port: 80 }

function endpoints(...rows: readonly (typeof row)[]): Endpoints {
  const found = new Endpoints()
  found.replace('crm', rows)
  return found
}

await t.test('an endpoint of others is found by its own address, or else by that of its node', async (t) => {
  t.equal(endpoints(row).find(ours, 'm'), 'web/x')
  t.equal(endpoints({ ...row, address: '10.0.0.2' }).find(ours, 'm'), undefined)
  t.equal(endpoints({ ...row, nodeAddress: '', address: '10.0.0.1' }).find(ours, 'm'), 'web/x')
  t.equal(endpoints({ ...row, port: 81 }).find(ours, 'm'), undefined)
  t.equal(endpoints(row).find({ ...ours, service: 'CRM' }, 'm'), 'web/x', 'names have no case in Consul')
})

await t.test('of two Heddle owners the one that sorts first stays', async (t) => {
  const by = (owner: string) => endpoints({ ...row, nodeMeta: { 'heddle-owner': owner } })
  t.equal(by('a').find(ours, 'm'), 'web/x')
  t.equal(by('z').find(ours, 'm'), undefined)
})

await t.test('what was never read is not known, and what nobody asks for is forgotten', async (t) => {
  const found = endpoints(row)
  t.ok(found.knows('CRM'))
  t.notOk(found.knows('billing'))
  found.keepOnly(new Set(['billing']))
  t.notOk(found.knows('crm'))
})
