import fc from 'fast-check'
import t from 'tap'
import * as z from 'zod/mini'
import { type Acquaintance, actionOf, fits, ignoredUnasked, Rule } from './policy.ts'

const rules = (...all: readonly object[]) => all.map((rule) => z.parse(Rule, rule))

const known = (over: Partial<Acquaintance['recognised']> = {}, port = 8081): Acquaintance => ({
  place: { port, address: undefined, loopback: false, user: 1000, inodes: ['1'] },
  process: { pid: 1, name: 'crm.py', command: 'python3 crm.py', unit: 'crm.service' },
  recognised: {
    service: 'crm',
    type: 'crm',
    cluster: 'looma',
    tags: [],
    role: 'service',
    confidence: 'certain',
    evidence: [],
    ...over,
  },
  health: 'passing',
})

for (const { match, fitting } of [
  { match: {}, fitting: true },
  { match: { ports: [8081] }, fitting: true },
  { match: { ports: [1, '8000-8100'] }, fitting: true },
  { match: { ports: ['8082-9000'] }, fitting: false },
  { match: { process: '*.py' }, fitting: true },
  { match: { process: 'crm' }, fitting: false },
  { match: { unit: 'crm*' }, fitting: true },
  { match: { user: 0 }, fitting: false },
  { match: { loopback: false }, fitting: true },
  { match: { service: 'c*m', cluster: 'looma' }, fitting: true },
  { match: { service: 'crm', cluster: 'zervigo' }, fitting: false },
  { match: { type: 'crm', health: 'passing' }, fitting: true },
  { match: { confidence: ['likely', 'possible'] }, fitting: false },
  { match: { confidence: 'certain' }, fitting: true },
]) {
  t.test(`${JSON.stringify(match)} ${fitting ? 'fits' : 'does not fit'}`, async (t) => {
    t.equal(actionOf(known(), rules({ match, do: 'adopt' })), fitting ? 'adopt' : undefined)
  })
}

t.test('a rule that is misspelt is refused', async (t) => {
  for (const rule of [
    { match: { port: 80 }, do: 'adopt' },
    { match: { ports: [] }, do: 'adopt' },
    { match: { ports: ['9-8'] }, do: 'adopt' },
    { match: { confidence: 'sure' }, do: 'adopt' },
    { match: {}, do: 'take' },
    { do: 'adopt' },
  ]) {
    t.notOk(z.safeParse(Rule, rule).success, JSON.stringify(rule))
  }
})

const match = fc.record(
  {
    ports: fc.constantFrom([8081], [1]),
    process: fc.constantFrom('crm.py', 'x'),
    loopback: fc.boolean(),
    service: fc.constantFrom('crm', 'billing'),
    confidence: fc.constantFrom('certain', 'unknown'),
    health: fc.constantFrom('passing', 'critical'),
  },
  { requiredKeys: [] },
)
const rule = fc.record({ match, do: fc.constantFrom('adopt', 'ask', 'ignore') })
const anyone = fc.record({
  service: fc.constantFrom('crm', 'billing', undefined),
  confidence: fc.constantFrom('certain' as const, 'unknown' as const),
})

t.test('what is left alone unasked would have been ignored whatever it is', async (t) => {
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(fc.array(rule, { maxLength: 4 }), anyone, (all, recognised) => {
        const read = rules(...all)
        const subject = known(recognised)
        return !ignoredUnasked(subject, read) || actionOf(subject, read) === 'ignore'
      }),
    ),
  )
  t.ok(ignoredUnasked(known(), rules({ match: { ports: [8081] }, do: 'ignore' })))
  t.notOk(ignoredUnasked(known(), rules({ match: { service: 'crm' }, do: 'ignore' })))
})

for (const { pattern, text, fitting } of [
  { pattern: 'crm', text: 'crm', fitting: true },
  { pattern: 'crm', text: 'crm2', fitting: false },
  { pattern: '*', text: '', fitting: true },
  { pattern: '*', text: undefined, fitting: false },
  { pattern: 'a*a', text: 'a', fitting: false },
  { pattern: 'a*a', text: 'aa', fitting: true },
  { pattern: 'a*b*c', text: 'axxbyyc', fitting: true },
  { pattern: 'a*b*c', text: 'axxcyyb', fitting: false },
  { pattern: '*-service', text: '用户-service', fitting: true },
  { pattern: 'c.m', text: 'crm', fitting: false },
]) {
  t.test(`${pattern} ${fitting ? 'is' : 'is not'} ${text}`, async (t) => t.equal(fits(pattern, text), fitting))
}
