import t from 'tap'
import { SubscriberIndex } from './subscriber-index.ts'

await t.test('a change finds whom it concerns, each once', async (t) => {
  const index = new SubscriberIndex<string>()
  index.add('endpoints', 'user', 'a')
  index.add('endpoints', 'job', 'b')
  index.add('endpoints', 'user', 'c')
  index.add('endpoints', '*', 'c')
  index.add('cluster', 'user', 'd')
  t.strictSame([...index.of('endpoints', 'user')].sort(), ['a', 'c'])
  t.strictSame([...index.of('endpoints', 'job')].sort(), ['b', 'c'])
  index.remove('endpoints', '*', 'c')
  index.remove('endpoints', 'user', 'a')
  index.remove('endpoints', 'nobody', 'a')
  t.strictSame([...index.of('endpoints', 'user')], ['c'])
  t.strictSame([...index.of('endpoints', 'other')], [])
})
