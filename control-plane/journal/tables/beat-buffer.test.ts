import t from 'tap'
import { BeatBuffer } from './beat-buffer.ts'

t.test('of many signs of life only the last one is saved, once', async (t) => {
  const beats = new BeatBuffer()
  beats.service('crm-1', 1_000)
  beats.service('crm-1', 2_000)
  beats.service('crm-2', 1_500)
  beats.node('n-aaaaaaaaaaaa', 3_000)
  t.strictSame(beats.take(), {
    services: [
      ['crm-1', 2_000],
      ['crm-2', 1_500],
    ],
    nodes: [['n-aaaaaaaaaaaa', 3_000]],
  })
  t.strictSame(beats.take(), { services: [], nodes: [] })
})
