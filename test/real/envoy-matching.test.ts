import fc from 'fast-check'
import t from 'tap'
import { ambiguousPath, noRoute } from '#control-plane/routing/answers.ts'
import { decide } from '#control-plane/routing/table/decide.ts'
import type { RoutedRequest } from '#control-plane/routing/table/request-match.ts'
import type { Listener, Match, PathChange, Route } from '#control-plane/routing/table.ts'
import { freePorts } from '#test/support/ports.ts'
import { askFully, seeing, seenIn, serving } from '#test/support/routing/envoy-table.ts'
import { plainListener, plainRoute, plainTable } from '#test/support/routing/route-tables.ts'

const seed = 20_261
const parts = ['a', 'b', 'c.d', '~e']
const hosts = ['x.com', 'a.x.com', '*.x.com', '*.a.x.com', '*.com', 'y.org']

const path = (least: number) => fc.array(fc.constantFrom(...parts), { minLength: least, maxLength: 3 })
const whole = (of: readonly string[]) => `/${of.join('/')}`
const placed: fc.Arbitrary<{ readonly path: Match['path']; readonly change: PathChange }> = fc.oneof(
  fc.record({
    path: path(0).map((of) => ({ kind: 'prefix' as const, path: whole(of) })),
    change: fc.oneof(
      fc.constantFrom<PathChange>({ kind: 'strip' }, { kind: 'keep' }),
      path(0).map((of): PathChange => ({ kind: 'rewrite', to: whole(of) })),
    ),
  }),
  fc.record({
    path: path(0).map((of) => ({ kind: 'exact' as const, path: whole(of) })),
    change: fc.oneof(
      fc.constant<PathChange>({ kind: 'keep' }),
      path(0).map((of): PathChange => ({ kind: 'rewrite', to: whole(of) })),
    ),
  }),
  fc.record({
    path: path(1).map((of) => ({
      kind: 'template' as const,
      path: whole([...of.slice(1), '{x}', 'b', '{y}'].slice(0, 3)),
    })),
    change: fc.constantFrom<PathChange>(
      { kind: 'keep' },
      { kind: 'rewrite', to: '/v2/{x}' },
      { kind: 'rewrite', to: '/t' },
    ),
  }),
)
const condition = (name: string, value: fc.Arbitrary<string>) =>
  fc.oneof(
    value.map((is) => ({ name, is })),
    fc.boolean().map((present) => ({ name, present })),
  )
const some = <T>(value: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 2, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: fc.tuple(value) })
const match = fc.record({
  hosts: fc.oneof(fc.constant([]), fc.uniqueArray(fc.constantFrom(...hosts), { maxLength: 2 })),
  clients: fc.constantFrom<readonly string[]>([], [], ['web'], ['app', 'web']),
  methods: fc.constantFrom<readonly string[]>([], [], ['GET'], ['DELETE', 'POST']),
  headers: some(condition('x-cohort', fc.constantFrom('one', 't.o', 'a (b)*'))),
  query: some(condition('q', fc.constantFrom('', '1', 'a%20b'))),
})
const aRoute = fc
  .record({ placed, match, retries: fc.integer({ min: 0, max: 1 }) })
  .map(({ placed: { path, change }, match, retries }) => ({ match: { ...match, path }, path: change, retries }))
  // One route that takes everything would leave nothing to the others.
  .filter(({ match: { path, hosts, methods } }) => path.path !== '/' || hosts.length + methods.length > 0)

const target = fc
  .tuple(
    fc.array(fc.constantFrom(...parts, 'z', '', '.', '..', '%61', '%2e', '%20', 'a%2Fb', 'a;b'), {
      minLength: 0,
      maxLength: 4,
    }),
    fc.constantFrom('', '/'),
    fc.constantFrom('', '', '?q', '?q=1', '?q=&q=1', '?r=2&q=a%20b', '?qq=1', '?a=?&q=1'),
  )
  .map(([of, end, query]) => `${whole(of)}${end}${query}`)
  // What is meant by a doubled slash directly before ".." nobody has said (docs/routing.md).
  .filter((text) => !(text.includes('//') && /\.\.|%2e/.test(text)))
const asked = fc.record({
  client: fc.constantFrom('web', 'app', undefined),
  method: fc.constantFrom('GET', 'POST', 'DELETE', 'PATCH'),
  host: fc.constantFrom('x.com', 'X.Com:8080', 'a.x.com', 'b.x.com', 'c.a.x.com', 'z.com', 'y.org', 'a.y.org'),
  target,
  headers: fc.constantFrom<readonly (readonly [string, string])[]>(
    [],
    [['x-cohort', 'one']],
    [['X-Cohort', ' t.o , more']],
    [['x-cohort', 'txo']],
    [['x-cohort', 'a (b)*,ü']],
    [
      ['x-cohort', 'two'],
      ['x-cohort', 'one'],
    ],
    [
      ['x-cohort', 'one'],
      ['x-cohort', 'two'],
    ],
    [
      ['x-cohort', ''],
      ['x-client-id', 'web'],
    ],
  ),
})

await t.test('a real Envoy takes every request as the rule of matching says', async (t) => {
  const [web = 0, app = 0, none = 0] = await freePorts(3)
  const listener = (name: string, port: number, client: string | undefined): Listener => ({
    ...plainListener,
    name,
    port,
    client,
    source: 'routes.yaml:3',
  })
  const listeners = [listener('web', web, 'web'), listener('app', app, 'app'), listener('none', none, undefined)]
  const endpoints = await seeing(t, 's')
  const [made = []] = fc.sample(fc.array(aRoute, { minLength: 60, maxLength: 60 }), { seed, numRuns: 1 })
  const routes = made.map((each, index): Route => {
    const about = {
      name: `r${index}`,
      policy: { requestHeaders: { set: [{ name: 'x-route', value: `r${index}` }], remove: [] } },
    }
    return plainRoute('/', 's', { ...about, ...each })
  })
  const table = plainTable(web, routes, { s: endpoints }, { listeners })
  await serving(t, table)
  const portOf = (client: string | undefined) => (client === 'web' ? web : client === 'app' ? app : none)
  const wrong: unknown[] = []
  const outcomes = { routed: 0, 'no-route': 0, refused: 0, answered: 0 }
  for (const request of fc.sample(asked, { seed, numRuns: 1200 })) {
    const seen = await outcome(portOf(request.client), request)
    const decided = decide(table, request)
    outcomes[decided.kind] += 1
    const wanted =
      decided.kind === 'routed'
        ? `${decided.route.name} ${plain(decided.target)}`
        : decided.kind === 'refused'
          ? '400'
          : '404'
    if (seen !== wanted) wrong.push({ request, seen, wanted })
  }
  t.strictSame(wrong.slice(0, 5), [])
  t.ok(Object.values(outcomes).filter((count) => count > 20).length === 3, JSON.stringify(outcomes))
})

async function outcome(port: number, { method, host = '', target, headers = [] }: RoutedRequest): Promise<string> {
  const byName = new Map<string, string[]>()
  for (const [name, value] of headers)
    byName.set(name, [...(byName.get(name) ?? []), Buffer.from(value).toString('latin1')])
  const answer = await askFully(port, target, { method, headers: { host, ...Object.fromEntries(byName) } })
  if (answer.status !== 200) {
    if (answer.status === 404 && answer.body !== noRoute.body) return answer.body
    if (answer.status === 400 && answer.body !== ambiguousPath.body) return answer.body
    return String(answer.status)
  }
  const { headers: got, url } = seenIn(answer)
  return `${got['x-route']} ${plain(url)}`
}

/** Letters and digits mean the same whether they are escaped or not. */
function plain(path: string): string {
  return path.replace(/%([46][1-9a-f]|[57][0-9a]|3[0-9])/gi, (escaped) => decodeURIComponent(escaped))
}
