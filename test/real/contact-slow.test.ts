import t from 'tap'
import { whyNotHere } from '#test/chaos/world/enter.ts'
import { enterStory } from '#test/support/half-dead/enter-story.ts'

type Seen = { readonly cables: boolean; readonly looks?: number; readonly removals?: readonly string[] }

t.setTimeout(150_000)
const skip = whyNotHere() ?? false

t.test('a site on cables that take 2 s each way loses nothing that lives', { skip }, async (t) => {
  const { cables, looks = 0, removals } = await enterStory<Seen>('slow')
  await t.test('in the fleet and in the Consul', { skip: cables ? false : 'without a C compiler' }, async (t) => {
    t.strictSame(removals, [])
    t.ok(looks > 10, `it was looked at ${looks} times`)
  })
})
