import fc from 'fast-check'
import t from 'tap'
import { parseDeclaration } from '#control-plane/routing/declaration/parse.ts'
import { contradictionText, remarkText } from '../merge.ts'
import { declarationText } from './declaration-text.ts'
import { draftTable, type TableOptions } from './to-draft.ts'

const options: TableOptions = {
  gateway: 'edge',
  proxy: 'nginx',
  port: 8080,
  services: new Map(),
  authenticator: { name: 'zervi', service: 'zervi-auth', path: '/api/v1/auth/verify' },
  adminPermission: 'cluster:manage',
}

function imported(text: string, more: Partial<TableOptions> = {}) {
  const drafted = draftTable(text, 'routes.yaml', { ...options, ...more })
  const declared = declarationText(drafted.draft, 'Imported.')
  return {
    ...drafted,
    declared,
    parsed: parseDeclaration([{ file: 'r.yaml', text: declared }]),
    wrong: drafted.problems.map(remarkText),
    said: drafted.notes.map(remarkText),
  }
}

const table = `- { name: auth, path: /api/auth/*, service: zervi-auth, strip_prefix: false, auth: false }
- { name: users, path: /api/users, service: user-service, strip_prefix: true, auth: true, cors: true }
- { name: "all services", path: /api/services/, service: "basic-server-*", strip_prefix: /api, admin_auth: true, team: x }
- { path: "/api/people/{id}", service: people, cors: [https://app.example.com] }
`

t.test('a table of routes becomes a declaration, each row with its place', async (t) => {
  const { draft, parsed, said, wrong, declared } = imported(table)
  t.strictSame([parsed.problems, wrong], [[], []])
  t.match(
    draft.routes.map(({ value }) => value),
    [
      { name: 'auth', prefix: '/api/auth', service: 'zervi-auth', path: 'keep', auth: 'open' },
      { name: 'users', prefix: '/api/users', path: 'strip', auth: 'zervi', cors: { origins: ['*'] } },
      { name: 'all-services', path: { rewrite: '/services' }, auth: 'zervi', permissions: ['cluster:manage'] },
      {
        name: 'api-people-id',
        template: '/api/people/{id}',
        auth: 'open',
        cors: { origins: ['https://app.example.com'] },
      },
    ],
  )
  t.match(said.join('\n'), /routes\.yaml:3 \[2\]\.team: not carried over/)
  t.match(declared, /# routes\.yaml:2\n {2}- name: users/)
})

t.test('JSON is read as YAML is, also within an object', async (t) => {
  const rows = [{ path: '/a', service: 'a', strip_prefix: true }]
  for (const text of [JSON.stringify(rows), JSON.stringify({ routes: rows }, null, 2)]) {
    t.match(imported(text).draft.routes, [{ value: { prefix: '/a', service: 'a', path: 'strip', auth: 'open' } }])
  }
})

for (const { what, row, problem, more = {} } of [
  {
    what: 'a token, but nobody who checks it',
    row: 'auth: true',
    problem: /who checks tokens/,
    more: { authenticator: undefined },
  },
  {
    what: 'an administrator, but not what that is',
    row: 'admin_auth: true',
    problem: /--admin-permission/,
    more: { adminPermission: undefined },
  },
  { what: 'an administrator without a token', row: 'auth: false, admin_auth: true', problem: /no token/ },
  { what: 'a word where yes or no is expected', row: 'auth: "yes"', problem: /expected true or false/ },
  {
    what: 'cors that browsers would not take',
    row: 'cors: { origins: "*", credentials: true }',
    problem: /credentials/,
  },
]) {
  t.test(`${what} is a problem: nothing is given out more openly than it was`, async (t) => {
    const { wrong, draft } = imported(`[{ path: /a, service: a, strip_prefix: true, ${row} }]`, more)
    t.match(wrong.join('\n'), problem)
    t.strictSame(draft.routes, [])
  })
}

for (const { what, text, problem } of [
  { what: 'an unsaid strip_prefix', text: '[{ path: /a, service: a }]', problem: /strip_prefix is required/ },
  { what: 'no path', text: '[{ service: a, strip_prefix: true }]', problem: /\[0\]\.path: expected a path/ },
  {
    what: 'another prefix',
    text: '[{ path: /a, service: a, strip_prefix: /b }]',
    problem: /does not go with the path \/a/,
  },
  {
    what: 'an address',
    text: '[{ path: /a, service: "http://10.0.0.1:80", strip_prefix: true }]',
    problem: /--service 10\.0\.0\.1:80=/,
  },
  { what: 'no list', text: 'a: b', problem: /expected a list of routes/ },
  { what: 'no row', text: '[a]', problem: /expected a route/ },
  { what: 'no YAML', text: '[', problem: /./ },
]) {
  t.test(`${what} is told with its place`, async (t) => t.match(imported(text).wrong.join('\n'), problem))
}

t.test('rows that take the same requests contradict each other, equal ones count once', async (t) => {
  const row = (service: string) => `- { path: /a, service: ${service}, strip_prefix: true }\n`
  t.match(
    imported(row('a') + row('b'))
      .contradictions.map(contradictionText)
      .join(),
    /routes\.yaml:1.*routes\.yaml:2/,
  )
  t.match(imported(row('a') + row('a')), { contradictions: [], draft: { routes: { length: 1 } } })
})

t.test('whatever is imported without problems is a declaration that is taken', async (t) => {
  const row = fc.record(
    {
      name: fc.constantFrom('a', 'b c', '用户', '', 7),
      path: fc.constantFrom(
        '/',
        '/a',
        '/a/',
        '/a/*',
        '/a/**',
        '/a/{id}',
        '/a/:id/b',
        '/{x}/{x}',
        'a',
        '/a b',
        '/a/{i d}',
        '/a/{id}/*',
      ),
      service: fc.constantFrom(
        'a',
        'basic-*',
        'http://users:8080',
        'http://10.0.0.1:1',
        'heddle-x',
        '',
        '用户 "服务"',
        7,
        '*',
      ),
      strip_prefix: fc.constantFrom(true, false, '/a', '/', '/b', 3, null),
      auth: fc.constantFrom(true, false, 'x', null),
      admin_auth: fc.boolean(),
      cors: fc.constantFrom(
        true,
        false,
        'x',
        null,
        ['https://a.b'],
        { origins: ['*'], methods: ['GET'] },
        { origins: [] },
        7,
      ),
    },
    { requiredKeys: [] },
  )
  let taken = 0
  fc.assert(
    fc.property(fc.array(row, { minLength: 1, maxLength: 3 }), (rows) => {
      const { problems, contradictions, parsed, declared } = imported(JSON.stringify(rows))
      if (problems.length + contradictions.length > 0) return
      taken += 1
      const [first] = parsed.problems
      if (first) throw new Error(`${first.line} ${first.path}: ${first.message}\n${declared}`)
    }),
    { numRuns: 2000 },
  )
  t.ok(taken > 0, `${taken} of them had none`)
})
