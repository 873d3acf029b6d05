import fc from 'fast-check'
import t from 'tap'
import * as z from 'zod/mini'
import { boundsOf, everything, fits, Grant, Scope, withinAll } from './scope.ts'

const scope: Scope = {
  v: 1,
  site: '上海',
  services: ['crm-*', 'gateway'],
  ranges: ['10.0.0.0/8', 'fd00::/8'],
  quotas: { instances: 2, metrics: 10 },
  enrolment: 1,
}

for (const { pattern, yes, no } of [
  { pattern: '*', yes: ['', 'crm', '客户'], no: [] },
  { pattern: 'crm', yes: ['crm'], no: ['crm-1', 'a-crm', '', 'CRM'] },
  { pattern: 'crm-*', yes: ['crm-', 'crm-api'], no: ['crm', 'xcrm-api'] },
  { pattern: '*-api', yes: ['crm-api', 'a-api-api'], no: ['api', 'crm-api2'] },
  { pattern: 'a*b*c', yes: ['abc', 'aXbXc', 'abbcc'], no: ['acb', 'ab', 'abcd'] },
  { pattern: 'a.c', yes: ['a.c'], no: ['abc'] },
  { pattern: '客户*', yes: ['客户端'], no: ['户'] },
]) {
  t.test(`the pattern ${pattern} fits what it says`, async (t) => {
    for (const text of yes) t.ok(fits(pattern, text), text)
    for (const text of no) t.notOk(fits(pattern, text), text)
  })
}

t.test('a pattern fits as an expression would, and a hostile one takes no time', async (t) => {
  const letters = fc.string({ unit: fc.constantFrom('a', 'b', '*'), maxLength: 12 })
  fc.assert(
    fc.property(letters, fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 12 }), (pattern, text) => {
      const expression = new RegExp(`^${pattern.replace(/\*+/g, '.*')}$`)
      return fits(pattern, text) === expression.test(text)
    }),
    { numRuns: 1_000 },
  )
  t.notOk(fits(`${'*a'.repeat(100)}b`, 'a'.repeat(200)))
})

t.test('a node may announce what its scope names, and hears what was outside', async (t) => {
  const bounds = boundsOf(scope)
  t.equal(bounds.instance({ service: 'crm-api', address: '10.1.2.3' }), undefined)
  t.equal(bounds.instance({ service: 'gateway', address: 'fd00::1' }), undefined)
  t.strictSame(bounds.instance({ service: 'billing', address: '10.1.2.3' }), {
    what: 'service',
    said: 'billing',
    may: 'crm-*, gateway',
  })
  for (const address of ['192.168.0.1', 'db.internal', '169.254.169.254']) {
    t.match(bounds.instance({ service: 'gateway', address }), { what: 'address', said: address })
  }
  t.equal(bounds.site('上海'), undefined)
  t.match(bounds.site('tencent'), { what: 'site', may: '上海' })
})

t.test('quotas hold at their number and not beyond it', async (t) => {
  const { amount } = boundsOf(scope)
  t.equal(amount({ instances: 2, metrics: 10 }), undefined)
  t.match(amount({ instances: 3, metrics: 0 }), { what: 'instances', said: 3, may: 2 })
  t.match(amount({ instances: 0, metrics: 11 }), { what: 'metrics', said: 11, may: 10 })
})

t.test('a node that may be anywhere may have a name for an address; one with ranges may not', async (t) => {
  const instance = { service: 'crm', address: 'db.internal' }
  t.equal(boundsOf({ ...everything, v: 1, site: 's', enrolment: 1 }).instance(instance), undefined)
  t.match(boundsOf({ ...scope, services: ['*'] }).instance(instance), { what: 'address' })
})

t.test('of two scopes only what both let through goes through', async (t) => {
  const both = withinAll([boundsOf({ ...everything, v: 1, enrolment: 1, site: '上海' }), boundsOf(scope)])
  t.equal(both.instance({ service: 'crm-api', address: '10.1.2.3' }), undefined)
  t.match(both.instance({ service: 'billing', address: '10.1.2.3' }), { what: 'service' })
  t.match(both.amount({ instances: 3, metrics: 0 }), { what: 'instances' })
  t.match(both.site('elsewhere'), { what: 'site' })
  t.equal(withinAll([]).site('elsewhere'), undefined)
})

for (const { what, change } of [
  { what: 'no service', change: { services: [] } },
  { what: 'no range', change: { ranges: [] } },
  { what: 'a range that is none', change: { ranges: ['10.0.0.0/40'] } },
  { what: 'a quota below nothing', change: { quotas: { instances: -1, metrics: 0 } } },
  { what: 'another version', change: { v: 2 } },
  { what: 'an empty site', change: { site: '' } },
  { what: 'too many patterns', change: { services: Array.from({ length: 101 }, () => 'a') } },
]) {
  t.test(`a scope with ${what} is none`, async (t) => {
    t.notOk(z.safeParse(Scope, { ...scope, ...change }).success)
  })
}

t.test('a scope is read as it was written, and what a later version adds is passed over', async (t) => {
  t.strictSame(z.parse(Scope, JSON.parse(JSON.stringify({ ...scope, later: true }))), scope)
  t.strictSame(z.parse(Grant, everything), everything)
})
