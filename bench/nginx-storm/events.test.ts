import t from 'tap'
import { storm } from './events.ts'

await t.test(
  'half of the events change nothing, and the others add each instance once or remove each once',
  async (t) => {
    const { events, shrinkingAtFirst, added, removed } = storm(1_000, 60)
    const of = (kind: string) => events.filter((event) => event.kind === kind).map(({ index }) => index)
    t.equal(events.length, 1_000)
    t.equal(of('add').length + of('remove').length, 500)
    t.strictSame(of('add'), [...Array(added).keys()])
    t.strictSame(of('remove'), [...Array(removed).keys()])
    t.equal(events.at(-1)?.atMs, 59_940)
    const touched = events.filter(({ kind }) => kind !== 'add' && kind !== 'remove').map(({ index }) => index)
    t.ok(touched.every((index) => index >= removed && index < shrinkingAtFirst))
  },
)

await t.test('a storm of nothing but no-ops has no changes', async (t) => {
  const { added, removed, events } = storm(40, 2, 'no-ops')
  t.strictSame([added, removed, events.length], [0, 0, 40])
})
