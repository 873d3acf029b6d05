import { setImmediate as nextTurn } from 'node:timers/promises'
import t from 'tap'
import { Acks } from './acks.ts'

/** Until what is on disk has been told. */
async function turn(): Promise<void> {
  for (let turns = 0; turns < 3; turns += 1) await nextTurn()
}

t.test('reports are acknowledged in their order, whatever reaches the disk first', async (t) => {
  const sent: number[] = []
  const acks = new Acks((sequence) => sent.push(sequence))
  const first = Promise.withResolvers<void>()
  acks.add(1, first.promise)
  acks.add(2, Promise.resolve())
  await turn()
  t.strictSame(sent, [])
  t.equal(acks.waiting, 2)
  acks.add(3, new Promise(() => {}))
  first.resolve()
  await turn()
  t.strictSame(sent, [2], 'one stands for both')
  acks.add(4, Promise.resolve())
  await turn()
  t.strictSame([sent, acks.waiting], [[2], 2])
})

t.test('nothing is acknowledged after a report that never reached the disk', async (t) => {
  const sent: number[] = []
  const acks = new Acks((sequence) => sent.push(sequence))
  acks.add(1, Promise.reject(new Error('stopped')))
  acks.add(2, Promise.resolve())
  await turn()
  t.strictSame(sent, [])
})

t.test('it says when nothing waits any more', async (t) => {
  const acks = new Acks(() => {})
  let idle = 0
  acks.whenIdle(() => (idle += 1))
  t.equal(idle, 1)
  acks.add(1, Promise.resolve())
  acks.whenIdle(() => (idle += 1))
  t.equal(idle, 1)
  await turn()
  t.equal(idle, 2)
})
