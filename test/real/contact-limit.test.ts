import t from 'tap'
import type { EventView } from '#shared/protocol/api.ts'
import type { StatusView } from '#shared/protocol/status-api.ts'
import { whyNotHere } from '#test/chaos/world/enter.ts'
import { enterStory } from '#test/support/half-dead/enter-story.ts'

type Seen = {
  readonly status: StatusView
  readonly shown: string
  readonly begun: readonly EventView[]
  readonly ended: readonly EventView[]
  readonly demoted: readonly EventView[]
  readonly removals: readonly string[]
}

t.setTimeout(150_000)
const skip = whyNotHere() ?? false

t.test('a site whose words do not arrive, for longer than a hold may last', { skip }, async (t) => {
  const { status, shown, begun, ended, demoted, removals } = await enterStory<Seen>('towards-plane')

  await t.test('nothing that lives is ever taken out of the fleet or the Consul', async (t) => {
    t.strictSame(removals, [])
  })

  await t.test('the hold ends by its limit, once, and does not begin again', async (t) => {
    t.strictSame(status.holds, [])
    t.match(
      ended.map(({ change }) => change),
      [{ kind: 'hold-ended', site: 'tencent', why: 'time' }],
    )
    const lost = begun.flatMap(({ change }) => change.machines as readonly string[])
    t.strictSame(lost.toSorted(), ['machine-h1', 'machine-h2', 'machine-h3'])
  })

  await t.test('before it ends, what is unconfirmed falls to the lowest priority', async (t) => {
    t.equal(demoted.length, 3)
    t.ok(demoted.every(({ revision }) => revision < (ended[0]?.revision ?? 0)))
    t.match(status.instances, { routable: 2, last: 3, not_routable: 0 })
  })

  await t.test('people are told what fell', async (t) => {
    t.strictSame(
      (status.alerts ?? []).map(({ code }) => code),
      ['SITE_LOST', 'NODES_UNCONFIRMED'],
    )
    t.match(shown, 'nodes out of contact since a hold that ended: 3')
  })
})
