import t from 'tap'
import { Gather } from './gather.ts'

t.test('the first ring sends at once, those that follow together', async (t) => {
  const sent: number[] = []
  let all: () => void = () => {}
  const second = new Promise<void>((resolve) => {
    all = resolve
  })
  using gather = new Gather(() => {
    sent.push(performance.now())
    if (sent.length === 2) all()
  }, 20)
  // In one breath: a busy machine may need longer than that between two lines.
  for (let n = 0; n < 6; n += 1) gather.ring()
  const atOnce = sent.length
  await second
  t.equal(atOnce, 1)
  t.equal(sent.length, 2)
  t.ok((sent[1] ?? 0) - (sent[0] ?? 0) >= 19)
})

t.test('after its end nothing is sent any more', async (t) => {
  let sent = 0
  const gather = new Gather(() => {
    sent += 1
  }, 5)
  gather.ring()
  gather.ring()
  gather[Symbol.dispose]()
  await new Promise((resolve) => setTimeout(resolve, 15))
  t.equal(sent, 1)
})
