import t from 'tap'
import { boundsOf, everything, type Outside, type Scope } from '#shared/identity/scope.ts'
import type { Word } from './judgement.ts'
import { WithinScope } from './within-scope.ts'

const base: Scope = { ...everything, v: 1, site: 'tencent', enrolment: 1 }
const narrow: Scope = {
  ...base,
  services: ['crm', 'basic-*'],
  ranges: ['10.0.0.0/8'],
  quotas: { instances: 2, metrics: 2 },
}

function present(id: string, service: string, address = '10.0.0.5'): Word {
  const spec = { id, service, address, port: 80, tags: [], metadata: {}, checks: [] }
  return { kind: 'present', spec, verdict: { health: 'passing', reason: { code: 'ok' } } } as Word
}

function scoped(scope: Scope) {
  const told: Outside[] = []
  return {
    told,
    within: new WithinScope(
      () => boundsOf(scope),
      (outside) => told.push(outside),
    ),
  }
}

const none: ReadonlySet<string> = new Set()

t.test('what a scope holds is taken as it was said', async (t) => {
  const { told, within } = scoped(narrow)
  const words = new Map([
    ['a', present('a', 'crm')],
    ['b', present('b', 'basic-server')],
  ])
  t.strictSame(within.words(words, none), words)
  t.strictSame(told, [])
})

for (const { what, word, outside } of [
  { what: 'of another service', word: present('a', 'payroll'), outside: { what: 'service', said: 'payroll' } },
  { what: 'at another address', word: present('a', 'crm', '192.168.0.1'), outside: { what: 'address' } },
  { what: 'at a name', word: present('a', 'crm', 'crm.example.com'), outside: { what: 'address' } },
] as const) {
  t.test(`an instance ${what} is not taken, and one that was is taken away`, async (t) => {
    const { told, within } = scoped(narrow)
    t.equal(within.words(new Map([['a', word]]), none).size, 0)
    t.strictSame([...within.words(new Map([['a', word]]), new Set(['a']))], [['a', { kind: 'withdrawn' }]])
    t.match(told, [outside, outside])
    t.equal(within.specOf('a')?.id, 'a', 'a report that leaves its spec out is understood all the same')
  })
}

t.test('no more instances are taken than the quota allows; one that goes makes room', async (t) => {
  const { told, within } = scoped(narrow)
  const three = new Map(['a', 'b', 'c'].map((id) => [id, present(id, 'crm')]))
  t.strictSame([...within.words(three, none).keys()], ['a', 'b'])
  t.match(told, [{ what: 'instances', said: 3, may: 2 }])
  t.strictSame([...within.words(new Map([['c', present('c', 'crm')]]), new Set(['a', 'b'])).keys()], [])
  const swap = new Map<string, Word>([
    ['a', { kind: 'withdrawn' }],
    ['c', present('c', 'crm')],
  ])
  t.strictSame([...within.words(swap, new Set(['a', 'b'])).keys()], ['a', 'c'])
})

t.test("metrics beyond the quota, and those of another node's instances, are left out", async (t) => {
  const { told, within } = scoped(narrow)
  const metric = (instance?: string) => ({
    name: 'cpu',
    value: 1,
    unit: 'percent' as const,
    ...(instance ? { instance } : {}),
  })
  const all = [metric(), metric('theirs'), metric('own')]
  t.strictSame(
    within.metrics('n-1', all, (id) => id === 'theirs'),
    [metric()],
  )
  t.match(told, [
    { what: 'metrics', said: 3 },
    { what: 'node', said: 'theirs', may: 'n-1' },
  ])
})

t.test('nobody is led to probe where the node may not be itself', async (t) => {
  const { told, within } = scoped(narrow)
  const check = (address: string) => ({ kind: 'tcp', address, port: 80, timeoutMs: 1_000 }) as const
  const checked = (...addresses: readonly string[]) => {
    const word = present('a', 'crm') as Extract<Word, { kind: 'present' }>
    const said = { ...word, spec: { ...word.spec, checks: addresses.map(check) } }
    const taken = within.words(new Map([['a', said]]), none).get('a')
    return taken?.kind === 'present' ? taken.spec.checks.map(({ address }) => address) : undefined
  }
  t.strictSame(checked('10.0.0.5', '127.0.0.1', '10.9.9.9'), ['10.0.0.5', '127.0.0.1', '10.9.9.9'])
  t.strictSame(told, [])
  t.strictSame(checked('10.0.0.5', '169.254.169.254', '10.9.9.9'), ['10.0.0.5'])
  t.strictSame(checked('metadata.internal'), [])
  t.match(told, [
    { what: 'address', said: '169.254.169.254' },
    { what: 'address', said: 'metadata.internal' },
  ])
})

t.test(
  'of a tenant no more instances are taken than it has room for, and no other metrics than it may have',
  async (t) => {
    const told: Outside[] = []
    const outside = { what: 'instances', said: 3, may: 2 } as const
    const theirs = { what: 'service', said: 'auth', may: 'others' } as const
    const within = new WithinScope(
      () => boundsOf(base),
      (each) => told.push(each),
      {
        instances: (more) => (more > 1 ? outside : undefined),
        takesMetric: (name) => name !== 'new',
        service: (_instance, service) => (service === 'auth' ? theirs : undefined),
      },
    )
    const words = new Map(['a', 'b', 'c'].map((id) => [id, present(id, 'crm')]))
    t.strictSame([...within.words(words, new Set(['a'])).keys()], ['a', 'b'], 'what it has already is no more')
    t.strictSame(told.splice(0), [outside])
    t.equal(within.words(new Map([['d', present('d', 'auth')]]), new Set()).size, 0)
    t.strictSame(told, [theirs])
    const metric = (name: string) => ({ name, value: 1, unit: 'count' as const })
    t.strictSame(
      within.metrics('n', [metric('old'), metric('new')], () => false),
      [metric('old')],
    )
  },
)
