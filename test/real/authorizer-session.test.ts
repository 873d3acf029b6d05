import { setImmediate as nextTurn } from 'node:timers/promises'
import t from 'tap'
import { nodeView } from '#control-plane/api/views.ts'
import type { AuthorizerSet } from '#shared/protocol/authorizer.ts'
import { desiredKeys } from '#shared/protocol/desired-keys.ts'
import { AgentClient, helloOf, nodeId } from '#test/support/agents/agent-client.ts'
import { startAgentsPlane } from '#test/support/agents/agents-plane.ts'
import { waitFor } from '#test/support/wait.ts'

t.setTimeout(60_000)

const withinMs = 20_000
const set = (name: string): AuthorizerSet => ({ authenticators: [{ name }] })

/** Every set that it was told, one after the other. */
function told(agent: AgentClient): readonly unknown[] {
  return agent.received.flatMap((message) =>
    message.type === 'desired' && message.desired.authorizers !== undefined ? [message.desired.authorizers] : [],
  )
}

await t.test('an agent is told what it authorizes with, whenever that is another, and nothing of others', async (t) => {
  await using plane = await startAgentsPlane()
  const { sessions } = plane
  sessions.setAuthorizer('edge', set('users'))
  const hello = helloOf({ node: nodeId(1), authorizers: ['edge', 'inner'] })
  await using agent = await AgentClient.attached(plane.url, hello)
  await using older = await AgentClient.attached(plane.url, helloOf({ node: nodeId(2) }))
  const count = (n: number) =>
    waitFor(() => told(agent).length, { what: `${n} sets`, withinMs, until: (seen) => seen === n })
  await count(1)
  t.strictSame(told(agent), [{ edge: set('users') }], 'of a gateway without a table nothing is said')
  t.strictSame(sessions.authorizedGateways(), new Set(['edge', 'inner']))
  const known = plane.fleet.nodes.get(nodeId(1))
  t.strictSame(known?.spec.authorizers, ['edge', 'inner'])
  t.strictSame(known && nodeView(known, plane.fleet).authorizers, ['edge', 'inner'], 'the API says so')

  sessions.setAuthorizer('edge', set('users'))
  sessions.setAuthorizer('other', set('users'))
  sessions.setAuthorizer('edge', set('admins'))
  await count(2)
  t.strictSame(told(agent)[1], { edge: set('admins') })

  // What comes last says that nothing else came before it.
  sessions.setAuthorizer('edge', set('admins'))
  await nextTurn()
  await nextTurn()
  sessions.setAuthorizer('inner', set('users'))
  await count(3)
  t.strictSame(told(agent)[2], { edge: set('admins'), inner: set('users') })
  sessions.setAuthorizer('inner', undefined)
  await count(4)
  t.strictSame(told(agent)[3], { edge: set('admins') })
  t.strictSame(told(older), [])
  t.ok(desiredKeys.includes('authorizers'))
})
