import t from 'tap'
import type { TokenMadeView } from '#shared/access/api.ts'
import { everything } from '#shared/identity/scope.ts'
import type { InstanceView, NodeView } from '#shared/protocol/api.ts'
import type { MadeTokenView } from '#shared/protocol/identity-api.ts'
import { AgentClient, helloOf, nodeId, passing, specOf } from '#test/support/agents/agent-client.ts'
import { type Enrolled, enrolled } from '#test/support/attack.ts'
import { TlsPlane } from '#test/support/tls-plane.ts'
import { waitFor } from '#test/support/wait.ts'

t.setTimeout(90_000)

await using plane = await TlsPlane.start({
  tenants: { of: { acme: { nodes: 1, instances: 2, metrics: 1 } } },
} as never)

async function tokenFor(tenant: string): Promise<string> {
  const grant = { ...everything, tenant }
  const body = { uses: 10, lifetime_ms: 3_600_000, grant, by: 'test' }
  const made = await plane.ask('/v1/identity/tokens', { method: 'POST', body })
  if (made.status !== 200) throw new Error(made.body)
  return (JSON.parse(made.body) as MadeTokenView).token
}

function open({ cert, key, node }: Enrolled): AgentClient {
  const agent = new AgentClient(plane.url, { rejectUnauthorized: false, cert, key })
  void agent.opened().then(() => agent.send({ ...helloOf({ node }), tenant: 'other' } as never))
  return agent
}

const [first, second, third] = [nodeId(1), nodeId(2), nodeId(3)]
const acme = await tokenFor('acme')
const bound = { name: 'acme', role: 'operator', tenant: 'acme', reason: 'test' }
const made = await plane.ask('/v1/tokens', { method: 'POST', body: bound })
const { token } = JSON.parse(made.body) as TokenMadeView
const ask = (path: string) => plane.ask(path, { headers: { authorization: `Bearer ${token}` } })
const ids = async (path: string) => (JSON.parse((await ask(path)).body) as { id: string }[]).map(({ id }) => id)
const spec = (id: string) => passing(specOf({ id, service: `basic-server-${id[0]}` }))

await t.test('whose a node is says its certificate, whatever it says itself', async (t) => {
  await using agent = open(await enrolled(plane, first, acme))
  await agent.receive('welcome')
  await using others = open(await enrolled(plane, third, await tokenFor('other')))
  await others.receive('welcome')
  await others.reported([spec('o-1')], { whole: true })
  await agent.reported([spec('a-1')], { whole: true })

  await t.test('its agents announce no service that others have', async (t) => {
    await agent.reported([passing(specOf({ id: 'a-2', service: 'basic-server-o' }))])
    t.strictSame(await ids('/v1/instances'), ['a-1'])
    const serving = await plane.get<InstanceView[]>('/v1/instances?service=basic-server-o')
    t.strictSame(
      serving.map(({ id }) => id),
      ['o-1'],
    )
  })

  await agent.reported([spec('a-2')])
  t.strictSame(await ids('/v1/nodes'), [first])
  t.strictSame(await ids('/v1/instances'), ['a-1', 'a-2'])
  t.match(await plane.get<NodeView>(`/v1/nodes/${third}`), { tenant: 'other' })
  t.match(await plane.get<InstanceView>('/v1/instances/a-1'), { tenant: 'acme' })
  t.equal((await ask('/v1/instances/o-1')).status, 404)

  await t.test('what its agents say beyond its quotas is not taken, counted and shown', async (t) => {
    await agent.reported([spec('a-3')])
    const metrics = ['one', 'two'].map((name) => ({ instance: 'a-1', name, value: 1, unit: 'count' as const }))
    agent.send({ type: 'report', sequence: 5, metrics } as never)
    await agent.acknowledged(5)
    t.strictSame(await ids('/v1/instances'), ['a-1', 'a-2'])
    const status = async () => (await plane.ask('/v1/status')).body
    await waitFor(status, {
      what: 'it to be shown',
      withinMs: 20_000,
      until: (body) => /IDENTITY_OUT_OF_SCOPE/.test(body),
    })
    const kept = () => plane.ask('/cluster/metrics/a-1').then(({ body }) => body)
    const seen = await waitFor(kept, { what: 'its metric', withinMs: 20_000, until: (body) => body.includes('"one"') })
    t.notMatch(seen, '"two"')
    t.match(JSON.parse((await ask('/v1/tenants')).body), [
      { tenant: 'acme', has: { nodes: 1, instances: 2, metrics: 1 }, refused: { instances: 1, metrics: 1 } },
    ])
    t.match((await plane.ask('/metrics')).body, /tenant_quota_instances/)
  })

  await t.test('a node beyond its quota gets no session', async (t) => {
    await using more = open(await enrolled(plane, second, acme))
    t.match(await more.receive('refused'), { code: 'TENANT_QUOTA', retry: true })
    t.strictSame(await ids('/v1/nodes'), [first])
  })

  await t.test('nobody gives it to somebody else while its certificate says whose it is', async (t) => {
    const body = { tenant: 'other', reason: 'x', by: 'test' }
    t.equal((await plane.ask(`/v1/nodes/${first}/tenant`, { method: 'PUT', body })).status, 409)
  })
})
