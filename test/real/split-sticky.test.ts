import { createServer } from 'node:http'
import t, { type Test } from 'tap'
import { decide } from '#control-plane/routing/table/decide.ts'
import { choicesOfSplit, type Split } from '#control-plane/routing/table/split.ts'
import type { RouteTable } from '#control-plane/routing/table.ts'
import { startPair } from '#test/support/alike/pair-of.ts'
import { plainEndpoint, plainRoute, plainTable } from '#test/support/routing/route-tables.ts'

t.setTimeout(120_000)

const names = ['canary', 'baseline'] as const
type Headers = readonly (readonly [string, string])[]

/** Servers that say which side they are. */
async function sides(t: Test): Promise<readonly [canary: number, baseline: number]> {
  const ports: number[] = []
  for (const name of names) {
    const server = createServer((_, response) => response.end(name))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    t.teardown(() => {
      server.closeAllConnections()
      server.close()
    })
    const address = server.address()
    ports.push(typeof address === 'object' ? (address?.port ?? 0) : 0)
  }
  return [ports[0] ?? 0, ports[1] ?? 0]
}

const users = Array.from({ length: 300 }, (_, index) => `user-${index * 7919}@例.example`)
const asText = (user: string) => Buffer.from(user).toString('latin1')

function split(more: Partial<Split>): Split {
  return {
    ...{ name: 'crm', baseline: 'crm', canary: 'crm-next' },
    ...{ cohort: [{ name: 'x-canary', is: 'yes' }], permille: 0, by: { kind: 'header', name: 'x-user-id' } },
    ...more,
  }
}

function tableOf(port: number, each: Split, [canary, baseline]: readonly [number, number]): RouteTable {
  const routes = [plainRoute('/', 'crm', { split: each, choices: choicesOfSplit(each) })]
  return plainTable(port, routes, { crm: [plainEndpoint(baseline)], 'crm-next': [plainEndpoint(canary)] })
}

async function sideAt(port: number, headers: Headers): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${port}/a`, {
    headers: headers.map(([name, value]) => [name, value] as [string, string]),
    signal: AbortSignal.timeout(20_000),
  })
  return response.text()
}

await t.test(
  'a user has one side at each kind of proxy, the one that the rule says, and never goes back',
  async (t) => {
    const at = await sides(t)
    const before = { envoy: new Set<string>(), nginx: new Set<string>() }
    for (const permille of [10, 100, 500]) {
      const each = split({ permille })
      const table = tableOf(1, each, at)
      await using pair = await startPair((port) => tableOf(port, each, at))
      for (const proxy of ['envoy', 'nginx'] as const) {
        const onCanary = new Set<string>()
        const seen = await Promise.all(users.map((user) => sideAt(pair[proxy], [['x-user-id', asText(user)]])))
        for (const [place, user] of users.entries()) {
          const side = seen[place]
          const rule = decide({ ...table, proxy }, { method: 'GET', target: '/a', headers: [['x-user-id', user]] })
          if (rule.kind !== 'routed' || rule.side?.side !== side) t.fail(`${proxy}: ${user} on ${side} at ${permille}`)
          if (side === 'canary') onCanary.add(user)
        }
        t.ok(
          [...before[proxy]].every((user) => onCanary.has(user)),
          `${proxy}: nobody went back at ${permille}`,
        )
        const off = Math.abs(onCanary.size / users.length - permille / 1000)
        t.ok(off < 0.08, `${proxy}: ${onCanary.size} of ${users.length} at ${permille}`)
        before[proxy] = onCanary
        t.equal(
          await sideAt(pair[proxy], [['x-canary', 'yes']]),
          'canary',
          'the cohort is on the canary, whoever it is',
        )
      }
    }
  },
)

await t.test('cookies and addresses tell users too, and without either the address does', async (t) => {
  const at = await sides(t)
  for (const by of [{ kind: 'cookie', name: 'session_id' }, { kind: 'address' }] as const) {
    const each = split({ permille: 500, by, cohort: undefined })
    const table = tableOf(1, each, at)
    await using pair = await startPair((port) => tableOf(port, each, at))
    for (const proxy of ['envoy', 'nginx'] as const) {
      const asked: readonly Headers[] = [
        ...users.slice(0, 40).map((_, index): Headers => [['cookie', `a=1; session_id=s-${index}; b=2`]]),
        [],
        [['x-canary', 'yes']],
      ]
      const wrong: string[] = []
      for (const headers of asked) {
        const rule = decide({ ...table, proxy }, { method: 'GET', target: '/a', headers, address: '127.0.0.1' })
        const side = await sideAt(pair[proxy], headers)
        if (rule.kind !== 'routed' || rule.side?.side !== side) wrong.push(`${JSON.stringify(headers)}: ${side}`)
      }
      t.strictSame(wrong, [], `${proxy} by ${by.kind}`)
    }
  }
})

await t.test('nobody is on the canary before it begins, and everybody at its end', async (t) => {
  const at = await sides(t)
  for (const { permille, cohort, is } of [
    { permille: 0, cohort: undefined, is: ['baseline', 'baseline'] },
    { permille: 0, cohort: [{ name: 'x-canary', is: 'yes' }], is: ['canary', 'baseline'] },
    { permille: 1000, cohort: [{ name: 'x-canary', is: 'yes' }], is: ['canary', 'canary'] },
  ]) {
    const each = split({ permille, cohort })
    await using pair = await startPair((port) => tableOf(port, each, at))
    for (const proxy of ['envoy', 'nginx'] as const) {
      const seen = [await sideAt(pair[proxy], [['x-canary', 'yes']]), await sideAt(pair[proxy], [['x-user-id', 'a']])]
      t.strictSame(seen, is, `${proxy} at ${permille}${cohort ? ' with a cohort' : ''}`)
    }
  }
})
