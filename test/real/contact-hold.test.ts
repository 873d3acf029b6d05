import t from 'tap'
import type { EventView, ExplainView } from '#shared/protocol/api.ts'
import type { StatusView } from '#shared/protocol/status-api.ts'
import { whyNotHere } from '#test/chaos/world/enter.ts'
import { enterStory } from '#test/support/half-dead/enter-story.ts'

type Seen = {
  readonly status: StatusView
  readonly shown: string
  readonly explained: ExplainView
  readonly explainedText: string
  readonly metrics: readonly string[]
  readonly ended: readonly EventView[]
  readonly removals: readonly string[]
}

t.setTimeout(150_000)
const skip = whyNotHere() ?? false

t.test('a site to which the plane can say nothing any more', { skip }, async (t) => {
  const { status, shown, explained, explainedText, metrics, ended, removals } = await enterStory<Seen>('towards-agents')

  await t.test('nothing that lives is ever taken out of the fleet or the Consul', async (t) => {
    t.strictSame(removals, [])
  })

  await t.test('the hold is seen by site and service, in the API and by the command', async (t) => {
    t.match(status.holds, [{ site: 'tencent', lost: 3, instances: 2, services: [{ service: 'crm', held: 2, of: 5 }] }])
    t.match(shown, /Held: site tencent lost machine-h1, machine-h2 and machine-h3, with 2 of 5 crm; ends in \w+/)
    const [lost, hold] = status.alerts ?? []
    t.match(lost, { code: 'SITE_LOST', severity: 'critical', params: { site: 'tencent', nodes: '3' } })
    t.match(hold, { code: 'SITE_HELD', params: { site: 'tencent', machines: '3', instances: '2' } })
    t.match(shown, 'no node of site tencent is in contact (of 3)')
  })

  await t.test('an instance explains why it is still routed, by the words of those that see it', async (t) => {
    const codes = explained.stages.map(({ stage, reason }) => `${stage} ${reason?.code}`)
    t.ok(codes.includes('contact site_held'))
    t.ok(
      codes.some((code) => /^vantages (seen_alive|cannot_tell)$/.test(code)),
      codes.join(),
    )
    t.match(explainedText, 'Routing of site tencent is held')
    t.equal(explained.routable, 'yes')
  })

  await t.test('the metrics say it too', async (t) => {
    for (const line of [
      'heddle_hold_machines{site="tencent"} 3',
      'heddle_hold_instances{site="tencent",service="crm"} 2',
      'heddle_holds{what="begun"} 1',
      'heddle_deaths{how="refused"} 1',
      'heddle_deaths{how="timeout"} 0',
    ]) {
      t.ok(metrics.includes(line), line)
    }
  })

  await t.test('what truly dies leaves every sink also during the hold', async (t) => {
    t.equal(status.holds.length, 1)
    t.equal(status.instances.not_routable, 1)
  })

  await t.test('the hold ends when its machines are back', async (t) => {
    t.match(
      ended.map(({ change }) => change),
      [{ kind: 'hold-ended', site: 'tencent', why: 'contact' }],
    )
  })
})
