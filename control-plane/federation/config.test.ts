import t from 'tap'
import * as z from 'zod/mini'
import { entriesOf, FederationConfig, policyOf } from './config.ts'

const read = (input: unknown) => z.safeParse(FederationConfig, input)

t.test('without a word there are zervigo and looma, with the rules of the platform', async (t) => {
  const config = z.parse(FederationConfig, {})
  t.match(config, { clusters: ['zervigo', 'looma'], patience: 30_000, every: 5_000 })
  t.strictSame(
    policyOf(config).rules.map(({ name, by }) => [name, by]),
    [
      ['user-management', 'health'],
      ['ai', 'ai_capacity'],
      ['resume', 'load'],
    ],
  )
  t.strictSame(
    [...entriesOf(config)],
    [
      ['zervigo', 'api-gateway'],
      ['looma', 'looma-api-gateway'],
    ],
  )
})

t.test('more clusters come by configuration, and rules as data', async (t) => {
  const config = z.parse(FederationConfig, {
    clusters: ['zervigo', 'third'],
    entry: { third: 'gate' },
    rules: [{ name: 'jobs', types: ['job-*'], by: 'load', prefer: 'third', over: 'zervigo' }],
  })
  t.match(policyOf(config).rules, [{ name: 'jobs', under: 0.8 }])
  t.strictSame([...entriesOf(config)], [['third', 'gate']])
  const noRules = z.parse(FederationConfig, { clusters: ['third'] })
  t.notOk(policyOf(noRules).rules.some(({ by }) => by === 'load'))
})

for (const { name, input, path } of [
  { name: 'a cluster twice', input: { clusters: ['a', 'a'] }, path: ['clusters'] },
  { name: 'a cluster called auto', input: { clusters: ['auto'] }, path: ['clusters'] },
  { name: 'no cluster', input: { clusters: [] }, path: ['clusters'] },
  { name: 'an entry of no cluster', input: { entry: { third: 'gate' } }, path: ['entry', 'third'] },
  {
    name: 'a rule between clusters that are not there',
    input: { rules: [{ name: 'x', types: ['x'], by: 'load', prefer: 'zervigo', over: 'third' }] },
    path: ['rules', 0, 'over'],
  },
  {
    name: 'a rule between a cluster and itself',
    input: { rules: [{ name: 'x', types: ['x'], by: 'load', prefer: 'looma', over: 'looma' }] },
    path: ['rules', 0, 'over'],
  },
  {
    name: 'two rules of one name',
    input: {
      rules: [
        { name: 'x', types: ['x'], by: 'health' },
        { name: 'x', types: ['y'], by: 'health' },
      ],
    },
    path: ['rules', 1, 'name'],
  },
  {
    name: 'a rule called like what holds otherwise',
    input: { rules: [{ name: 'other', types: ['x'], by: 'health' }] },
    path: ['rules', 0, 'name'],
  },
  { name: 'a rule by nothing', input: { rules: [{ name: 'x', types: ['x'], by: 'luck' }] }, path: ['rules', 0, 'by'] },
  {
    name: 'a star in the middle',
    input: { rules: [{ name: 'x', types: ['a*b'], by: 'health' }] },
    path: ['rules', 0, 'types', 0],
  },
]) {
  t.test(`${name} is refused at its place`, async (t) => {
    const { error } = read(input)
    t.strictSame(error?.issues[0]?.path, path)
  })
}
