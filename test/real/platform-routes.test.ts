import { glob, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import {
  ambiguousPath,
  noInstance,
  noPermission,
  noRoute,
  noToken,
  type OwnAnswer,
} from '#control-plane/routing/answers.ts'
import type { NodeView } from '#shared/protocol/api.ts'
import type { NamedRouteView } from '#shared/protocol/route-explain.ts'
import { proxies } from '#test/support/platform/declaration.ts'
import { noPlatform, Platform } from '#test/support/platform/platform.ts'
import type { Arrived } from '#test/support/platform/servers.ts'
import type { Asking, FullAnswer } from '#test/support/routing/envoy-table.ts'
import { waitFor } from '#test/support/wait.ts'

// Real processes on a busy machine take their time to start.
t.setTimeout(150_000)

/** Which service sees which path, or what the gateways say themselves. */
type Expected = readonly [service: RegExp | string, url: string] | OwnAnswer

function seen({ status, headers, body }: FullAnswer) {
  if (status !== 200) return { status, contentType: headers['content-type'], body }
  const { service, url } = JSON.parse(body) as Arrived
  return { service, url }
}

await t.test(
  'the tables of the platform lead where they say, through both proxies',
  { skip: await noPlatform() },
  async (t) => {
    await using platform = await Platform.start()
    const user = platform.bearer()
    const manager = platform.bearer({ permissions: ['cluster:manage'] })
    const writer = platform.bearer({ permissions: 'data:read data:write' })
    const [good, reader] = ['good', 'reader'].map((token) => ({ authorization: `Bearer ${token}` }))
    const basic = /^basic-server-[12]$/

    type Row = readonly [
      what: string,
      path: string,
      asking: Asking & { readonly listener?: string },
      expected: Expected,
    ]
    const rows: readonly Row[] = [
      // The first table
      ['sign-in is open', '/api/auth/login', { method: 'POST', body: '{}' }, ['zervi-auth', '/api/auth/login']],
      ['the prefix itself', '/api/auth', {}, ['zervi-auth', '/api/auth']],
      ['the prefix with a slash', '/api/auth/', {}, ['zervi-auth', '/api/auth/']],
      ['no more than the prefix', '/api/authors', {}, noRoute],
      ['the cluster without a token', '/api/cluster/nodes', {}, noToken],
      ['the cluster without the permission', '/api/cluster/nodes', { headers: user }, noPermission],
      ['the cluster', '/api/cluster/nodes?x=1', { headers: manager }, ['looma-crm', '/api/cluster/nodes?x=1']],
      ['services without a token', '/api/services/a', {}, noToken],
      ['services with a signed token', '/api/services/a', { headers: manager }, noToken],
      ['services without the permission', '/api/services/a', { headers: reader ?? {} }, noPermission],
      ['services, stripped', '/api/services/a/b?x=1', { headers: good ?? {} }, [basic, '/a/b?x=1']],
      ['the root of services', '/api/services', { headers: good ?? {} }, [basic, '/']],

      // Clusters
      ['zervigo', '/zervigo/x', { headers: user }, ['api-gateway', '/x']],
      ['looma', '/looma/', { headers: user }, ['looma-api-gateway', '/']],

      // Methods, conditions, rewriting
      ['companies', '/api/companies', { headers: user }, ['company-service', '/api/companies']],
      ['a company', '/api/companies/7/', { headers: user }, ['company-service', '/api/companies/7/']],
      ['writing needs more', '/api/companies/7', { method: 'PUT', headers: user }, noPermission],
      [
        'writing',
        '/api/companies/7',
        { method: 'PUT', headers: writer, body: 'x' },
        ['company-service', '/api/companies/7'],
      ],
      ['no such method', '/api/companies/7', { method: 'PATCH', headers: writer }, noRoute],
      ['a job', '/api/jobs/a%20b?x=%2F', { headers: user }, ['job-service', '/v2/jobs/a%20b?x=%2F']],
      ['a job with a slash', '/api/jobs/7/', { headers: user }, ['job-service', '/v2/jobs/7']],
      ['jobs', '/api/jobs', { headers: user }, ['job-service', '/api/jobs']],
      ['archived jobs', '/api/jobs?archive=1', { headers: user }, ['job-service', '/archive?archive=1']],
      ['more than a job', '/api/jobs/7/8', { headers: user }, noRoute],
      ['templates', '/api/templates//a/./b', { headers: user }, ['template-service', '/a/b']],
      ["Looma's users", '/api/looma/users/7', { headers: user }, ['looma-user-api', '/users/7']],
      ['a chat of version 2', '/api/chat/1', { headers: { ...user, 'x-version': '2' } }, ['looma-ai-chat', '/1']],
      ['a chat of another version', '/api/chat/1', { headers: { ...user, 'x-version': '1' } }, noRoute],
      ["a client's own", '/api/dev-team/a', { headers: user, listener: 'client-b' }, ['dev-team-service', '/a']],
      ["no other client's", '/api/dev-team/a', { headers: user, listener: 'client-c' }, noRoute],

      // What the gateways answer themselves
      ['nobody serves it', '/api/looma/resumes', { headers: user }, noInstance],
      ['no route', '/', {}, noRoute],
      ['a path of two readings', '/api/auth/a%2fb', {}, ambiguousPath],
      ['a way around', '/api/auth/../cluster/nodes', {}, noToken],
    ]
    for (const [what, path, asking, expected] of rows) {
      for (const proxy of proxies) {
        const answer = seen(await platform.ask(proxy, path, asking))
        if ('status' in expected) t.strictSame(answer, expected, `${proxy}: ${what}`)
        else t.match(answer, { service: expected[0], url: expected[1] }, `${proxy}: ${what}`)
      }
    }

    await t.test('users, AI and resumes go to the cluster that answers them', async (t) => {
      for (const [type, path, becomes] of [
        ['user', '/api/users/7', '/api/users/7'],
        ['ai', '/api/ai/ask', '/api/ai/ask'],
        ['resume', '/api/resumes/3', '/v1/resumes/3'],
      ] as const) {
        // Health and load are measured meanwhile.
        const asDecided = async () => {
          const { cluster } = await platform.plane.get<{ cluster: string }>(`/v1/federation/decision?type=${type}`)
          const service = cluster === 'zervigo' ? 'api-gateway' : 'looma-api-gateway'
          const answers = await Promise.all(proxies.map((proxy) => platform.ask(proxy, path, { headers: user })))
          return answers.map(seen).every((answer) => answer.service === service && answer.url === becomes)
        }
        t.ok(await waitFor(asDecided, { what: `${type} as decided`, withinMs: 20_000, until: Boolean }), type)
      }
    })

    await t.test('Zervigo goes by least request, Looma by round robin', async (t) => {
      for (const proxy of proxies) {
        const instances: string[] = []
        for (let count = 0; count < 8; count += 1) {
          const { body } = await platform.ask(proxy, '/api/cluster/nodes', { headers: manager })
          instances.push((JSON.parse(body) as Arrived).instance)
        }
        for (const name of ['looma-crm-1', 'looma-crm-2']) {
          t.equal(instances.filter((each) => each === name).length, 4, `${proxy}: ${name} of ${instances.join()}`)
        }
      }
      const dump = JSON.parse(await platform.envoy.admin('/config_dump?resource=dynamic_active_clusters'))
      const policies = new Map(
        (dump.configs as readonly { readonly cluster: { readonly name: string; readonly lb_policy?: string } }[]).map(
          ({ cluster }) => [cluster.name, cluster.lb_policy ?? 'ROUND_ROBIN'],
        ),
      )
      const folder = join(platform.gatewayAgent.stateDir, 'gateway')
      const files = await Array.fromAsync(glob('**/heddle-edge-nginx-service-*.conf', { cwd: folder }))
      const texts = await Promise.all(files.map((file) => readFile(join(folder, file), 'utf8')))
      for (const [name, balance] of [
        ['zervigo-cluster', 'LEAST_REQUEST'],
        ['basic-server-*', 'LEAST_REQUEST'],
        ['zervi-auth', 'LEAST_REQUEST'],
        ['looma-cluster', 'ROUND_ROBIN'],
        ['looma-crm', 'ROUND_ROBIN'],
      ] as const) {
        t.equal(policies.get(name), balance, `envoy: ${name}`)
        const text = texts.find((each) => each.includes(`Service "${name}"`)) ?? ''
        t.equal(text.includes('least_conn;'), balance === 'LEAST_REQUEST', `nginx: ${name}`)
      }
    })

    await t.test('a change that changes nothing is proven as well', async (t) => {
      const [node] = await platform.plane.get<readonly NodeView[]>('/v1/nodes')
      const undrained = await platform.plane.heddle('undrain', node?.id ?? '', '--wait', '--timeout', '20s')
      t.match(undrained, { code: 0, err: /proven/ }, undrained.err)
    })

    await t.test('explain tells of a request what both do with it', async (t) => {
      for (const proxy of proxies) {
        const url = `http://api.platform.example:${platform.placed.ports[proxy]['client-b']}/api/dev-team/a`
        const { out } = await platform.plane.heddle('explain', url)
        t.match(out, /dev-team/)
      }
    })

    await t.test(
      'explain tells of a route what each gateway has of it, and that its proxies have proven it',
      async (t) => {
        const explained = async () =>
          JSON.parse((await platform.plane.heddle('explain', 'route', 'auth', '--json')).out) as NamedRouteView
        const { gateways } = await waitFor(explained, {
          what: 'the version proven',
          withinMs: 20_000,
          until: ({ gateways }) => gateways.length > 0 && gateways.every(({ standing }) => standing === 'proven'),
        })
        t.strictSame(new Set(gateways.map(({ proxy }) => proxy)), new Set(proxies))
        for (const { match, access, choices, source } of gateways) {
          t.match({ match, access, source }, { match: 'prefix /api/auth', access: 'open', source: /^\S+:\d+$/ })
          t.match(choices, [{ service: 'zervi-auth', percent: 100, candidates: [{ last: false }] }])
        }
      },
    )
  },
)
