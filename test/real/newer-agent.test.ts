import { DatabaseSync } from 'node:sqlite'
import t from 'tap'
import type { ExplainView, InstanceView } from '#shared/protocol/api.ts'
import { AgentClient, helloOf, nodeId, specOf } from '#test/support/agents/agent-client.ts'
import { RunningPlane } from '#test/support/start-plane.ts'
import { waitFor } from '#test/support/wait.ts'

// Real processes on a busy machine take their time to start.
t.setTimeout(150_000)

t.test(
  'a reason that only a newer agent knows is shown as it is wherever reasons are, also after a restart',
  async (t) => {
    await using plane = await RunningPlane.start()
    const node = nodeId(1)
    const [sick, fine] = [specOf({ id: 'gpu-00000001' }), specOf({ id: 'gpu-00000002', port: 8081 })]
    const why = { code: 'gpu_2_lost', params: { card: '第一' } }
    await using agent = await AgentClient.attached(plane.url, helloOf({ node }))
    const told = [
      { id: sick.id, spec: sick, health: 'critical', reason: why, ageMs: 0 },
      { id: fine.id, spec: fine, health: 'warning', reason: why, ageMs: 0 },
    ] as const
    await agent.reported(told, { whole: true })
    const shown = async (when: string) => {
      t.match(await plane.get<InstanceView>(`/v1/instances/${sick.id}`), { reason: why, routable: 'no' }, when)
      t.match(await plane.get<InstanceView>(`/v1/instances/${fine.id}`), { reason: why, routable: 'yes' }, when)
      const { stages } = await plane.get<ExplainView>(`/v1/instances/${sick.id}/explain`)
      t.ok(
        stages.some(({ stage, text }) => stage === 'health' && text === 'critical: gpu_2_lost card=第一'),
        when,
      )
      t.match((await plane.heddle('explain', sick.id)).out, /is not routed: gpu_2_lost card=第一/, when)
      t.match((await plane.heddle('instances')).out, /gpu_2_lost card=第一/, when)
      t.match((await plane.heddle('events')).out, /critical: gpu_2_lost card=第一/, when)
    }
    await shown('at once')
    const listed = await plane.get<{ services: object[] }>('/cluster/services?status=all')
    t.match(listed.services, [{ reason: 'gpu_2_lost' }, { reason: 'gpu_2_lost' }])
    using tables = new DatabaseSync(plane.store, { readOnly: true })
    const reasons = () => tables.prepare('select reason from service_registry order by service_id').all()
    await waitFor(reasons, { what: 'both rows', withinMs: 20_000, until: (rows) => rows.length === 2 })
    t.match(reasons(), [{ reason: 'gpu_2_lost card=第一' }, { reason: 'gpu_2_lost card=第一' }])
    t.equal(agent.closed, undefined)
    await plane.kill()
    await plane.start()
    await shown('after a restart')
  },
)
