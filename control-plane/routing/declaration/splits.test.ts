import t from 'tap'
import { parseDeclaration } from './parse.ts'

const whole = (splits: string, routes = '  - { prefix: /, service: crm, path: keep }') => [
  {
    file: 'a.yaml',
    text: `gateways:\n  edge: { proxy: envoy, listeners: [{ port: 8080 }] }\nsplits:\n${splits}\nroutes:\n${routes}\n`,
  },
]
const splitOf = (text: string) => parseDeclaration(whole(`  crm: ${text}`)).declaration?.splits.get('crm')

t.test('a split says who is the canary, who gets there when, and what it may not do', async (t) => {
  const split = splitOf(
    '{ canary: { service: crm-next }, cohort: { x-canary: "yes" }, by: { cookie: session }, steps: [cohort, 0.5%, 10%, 100%], hold: 5m, gate: { requests: 50, slower: 20 } }',
  )
  t.match(split, {
    ...{ name: 'crm', baseline: 'crm', canary: 'crm-next', chosen: undefined, by: { kind: 'cookie', name: 'session' } },
    ...{ cohort: [{ name: 'x-canary', is: 'yes' }], steps: [0, 5, 100, 1000], holdMs: 300_000, keepMs: 3_600_000 },
    gate: { requests: 50, windowMs: 300_000, errorPoints: 1, slowerPercent: 20 },
    source: 'a.yaml:4',
  })
})

t.test('instances of the service itself may be the canary', async (t) => {
  const split = splitOf('{ canary: { metadata: { version: "2.1", arch: arm } }, steps: [100%] }')
  t.match(split, { canary: 'crm@canary', by: { kind: 'address' }, steps: [1000] })
  t.strictSame(split?.chosen, {
    metadata: [
      ['arch', 'arm'],
      ['version', '2.1'],
    ],
  })
  t.strictSame(splitOf('{ canary: { tag: next }, steps: [100%] }')?.chosen, { tag: 'next' })
})

t.test('where it stands is no difference, what it says is', async (t) => {
  const [one, moved, other] = [
    '{ canary: { service: crm-next }, steps: [100%] }',
    '\n    canary: { service: crm-next }\n    steps: ["100%"]',
    '{ canary: { service: crm-next }, steps: [50%, 100%] }',
  ].map((text) => splitOf(text)?.version)
  t.ok(one)
  t.equal(one, moved)
  t.not(one, other)
})

const next = 'canary: { service: crm-next }'
for (const { what, splits, routes, says } of [
  { what: 'without a canary', splits: '  crm: { canary: {}, steps: [100%] }', says: /a.yaml:4 .*say one of service/ },
  { what: 'with two canaries', splits: '  crm: { canary: { service: a, tag: b }, steps: [100%] }', says: /say one of/ },
  {
    what: 'that is its own canary',
    splits: '  crm: { canary: { service: crm }, steps: [100%] }',
    says: /another service/,
  },
  { what: 'without steps', splits: `  crm: { ${next}, steps: [] }`, says: /at least one step/ },
  { what: 'that ends early', splits: `  crm: { ${next}, steps: [10%] }`, says: /the last step must be "100%"/ },
  { what: 'that falls', splits: `  crm: { ${next}, steps: [50%, 10%, 100%] }`, says: /greater than the one before/ },
  { what: 'of too much', splits: `  crm: { ${next}, steps: [200%] }`, says: /expected "cohort", or a share/ },
  { what: 'of nothing', splits: `  crm: { ${next}, steps: [0%, 100%] }`, says: /expected "cohort", or a share/ },
  { what: 'of an unknown cohort', splits: `  crm: { ${next}, steps: [cohort, 100%] }`, says: /by which headers/ },
  {
    what: 'whose cohort is late',
    splits: `  crm: { ${next}, cohort: { x-a: true }, steps: [10%, cohort, 100%] }`,
    says: /the cohort comes first/,
  },
  { what: 'by what proxies write', splits: `  crm: { ${next}, by: { header: x-real-ip }, steps: [100%] }`, says: /./ },
  { what: 'that nothing leads to', splits: `  erp: { ${next}, steps: [100%] }`, says: /no route leads to "erp"/ },
  {
    what: 'whose canary is split',
    splits: `  crm: { ${next}, steps: [100%] }\n  crm-next: { canary: { service: x }, steps: [100%] }`,
    says: /the canary "crm-next" is split itself/,
  },
  {
    what: 'of instances of a whole cluster',
    splits: '  looma-cluster: { canary: { tag: next }, steps: [100%] }',
    routes: '  - { prefix: /, service: looma-cluster, path: keep }',
    says: /a name that stands for clusters has no instances of its own/,
  },
  {
    what: 'of one of several services of a route',
    splits: `  crm: { ${next}, steps: [100%] }`,
    routes:
      '  - { prefix: /, path: keep, services: [{ service: crm, weight: 1 }, { service: b, weight: 1 }] }\n  - { prefix: /a, service: crm, path: keep }',
    says: /a.yaml:6 routes\[0\].*leads to several services, of which "crm" is split at a.yaml:4/,
  },
]) {
  t.test(`a split ${what} is refused`, async (t) => {
    const { problems } = parseDeclaration(whole(splits, routes))
    const text = problems.map(({ file, line, path, message }) => `${file}:${line} ${path}: ${message}`).join('\n')
    t.match(text, says)
  })
}
