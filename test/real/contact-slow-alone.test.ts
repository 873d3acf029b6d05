import t from 'tap'
import { whyNotHere } from '#test/chaos/world/enter.ts'
import { enterStory } from '#test/support/half-dead/enter-story.ts'

type Seen = {
  readonly cables: boolean
  readonly looks?: number
  readonly causes?: readonly unknown[]
  readonly removals?: readonly string[]
}

t.setTimeout(150_000)
const skip = whyNotHere() ?? false

t.test(
  'a machine alone at its site, on a cable that takes 2 s each way, and without its agent',
  { skip },
  async (t) => {
    const { cables, looks = 0, causes = [], removals } = await enterStory<Seen>('slow-alone')
    await t.test('is not taken for dead', { skip: cables ? false : 'without a C compiler' }, async (t) => {
      t.strictSame(removals, [])
      t.ok(looks > 10, `it was looked at ${looks} times`)
      t.ok(causes.includes('unclear'), `what is said of it: ${causes.join()}`)
    })
  },
)
